"""Every kind of credential that google-auth knows, and google-api-python-client, against the emulator.

Environment: BASE_URL, and CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token. The emulator
serves the estate `github` with the identity pools of pools.py, and run-processor as the metadata server's
default account. ISSUER_KEY names the key of the provider `signed`.
"""

import base64
import datetime
import http.server
import json
import os
import tempfile
import threading
import time

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import crypt, exceptions, jwt
from google.auth.transport.requests import Request

BASE = os.environ["BASE_URL"]
# Before the module is imported: it reads the variable then.
os.environ["GCE_METADATA_HOST"] = BASE.removeprefix("http://")
os.environ["GCE_METADATA_IP"] = os.environ["GCE_METADATA_HOST"]

import google.auth.compute_engine  # noqa: E402
import google.auth.external_account  # noqa: E402
import google.auth.iam  # noqa: E402
import google.oauth2.credentials  # noqa: E402
import google.oauth2.service_account  # noqa: E402
import googleapiclient.discovery  # noqa: E402
import googleapiclient.errors  # noqa: E402
from google.auth import identity_pool, impersonated_credentials, pluggable  # noqa: E402
from google.auth.compute_engine import _metadata  # noqa: E402
from google.oauth2 import id_token  # noqa: E402

# ID tokens, signatures and the file of an impersonated account take no endpoint of their own (impersonate.py).
for name in ("_IAM_ENDPOINT", "_IAM_IDTOKEN_ENDPOINT", "_IAM_SIGN_ENDPOINT"):
    template = getattr(google.auth.iam, name)
    setattr(google.auth.iam, name, template.replace("https://iamcredentials.googleapis.com", BASE))
google.auth.external_account._CLOUD_RESOURCE_MANAGER = f"{BASE}/v1/projects/"

RUN = "run-processor@app-prod.iam.gserviceaccount.com"
TARGET = "bq-privileged@data-vault.iam.gserviceaccount.com"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
POOLS = "projects/630184729503/locations/global/workloadIdentityPools"
PROVIDER = f"{POOLS}/github/providers/signed"
AUDIENCE = "https://vault.example.com"


def admin(method, path, body=None):
    with open(os.environ["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"], encoding="utf-8") as f:
        token = f.read().strip()
    answer = requests.request(method, f"{BASE}{path}", headers={"Authorization": f"Bearer {token}"}, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def whose(token):
    return requests.get(f"{BASE}/tokeninfo", params={"access_token": token}, timeout=30).json()["email"]


def claims(token):
    """The claims of an ID token, once it is verified with the certificates that the emulator serves."""
    return id_token.verify_token(token, Request(), AUDIENCE, certs_url=f"{BASE}/oauth2/v1/certs")


def refused(call, words):
    """Asserts that a refresh fails with these words."""
    try:
        call()
    except exceptions.GoogleAuthError as error:
        text = str(error.args).replace("\\'", "'")
        assert words in text, f"{words}\nnot in: {text}"
    else:
        raise AssertionError(f"a token where there should be none: {words}")


def key_of(account, **body):
    """A new key of an account of app-prod, and the file that comes with it."""
    made = admin("POST", f"/v1/projects/app-prod/serviceAccounts/{account}/keys", body)
    return made, json.loads(base64.b64decode(made["privateKeyData"]))


def key_file():
    made, info = key_of(RUN)
    credentials = google.oauth2.service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    credentials.refresh(Request())
    assert whose(credentials.token) == RUN
    left = credentials.expiry - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert datetime.timedelta(minutes=55) < left <= datetime.timedelta(hours=1), left
    identity = google.oauth2.service_account.IDTokenCredentials.from_service_account_info(info, target_audience=AUDIENCE)
    identity.refresh(Request())
    assert claims(identity.token)["email"] == RUN
    # To act as a user of the domain is not the account's to decide.
    refused(lambda: credentials.with_subject("ana@example.com").refresh(Request()), "unauthorized_client")

    admin("DELETE", f"/v1/{made['name']}")
    refused(lambda: credentials.refresh(Request()), "invalid_grant: Invalid JWT Signature.")
    print("  a service account key: tokens and ID tokens, none after its deletion")


def self_signed():
    """Google's libraries ask no token endpoint where they need not: the key signs the bearer token."""
    _, info = key_of(RUN)
    credentials = google.oauth2.service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    credentials = credentials.with_always_use_jwt_access(True)
    iam = googleapiclient.discovery.build(
        "iam", "v1", credentials=credentials, client_options={"api_endpoint": BASE}, static_discovery=True, always_use_jwt_access=True
    )
    own = iam.projects().serviceAccounts().testIamPermissions
    asked = {"permissions": ["iam.serviceAccounts.getAccessToken"]}
    assert own(resource=f"projects/-/serviceAccounts/{TARGET}", body=asked).execute() == {}
    assert credentials.token is None, "a token was fetched"
    print("  a service account's own JWT as the bearer token")


def brought():
    """A key of one's own, in a certificate that ends: it signs until then and not after."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "unused")])
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

    def upload(start, end):
        builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, end)
        pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        data = base64.b64encode(pem).decode()
        return admin("POST", f"/v1/projects/app-prod/serviceAccounts/{RUN}/keys:upload", {"publicKeyData": data})

    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    info = {
        "type": "service_account",
        "private_key": key.private_bytes(*form).decode(),
        "client_email": RUN,
        "token_uri": f"{BASE}/token",
    }
    credentials = google.oauth2.service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    day = datetime.timedelta(days=1)
    upload(now - 2 * day, now - day)
    refused(lambda: credentials.refresh(Request()), "invalid_grant: Invalid JWT Signature.")
    made = upload(now - day, now + day)
    assert made["validBeforeTime"] == (now + day).strftime("%Y-%m-%dT%H:%M:%SZ"), made
    credentials.refresh(Request())
    assert whose(credentials.token) == RUN
    print("  an uploaded key: none once its certificate is over")


def user():
    credentials = google.oauth2.credentials.Credentials(
        None, refresh_token="user:ana@example.com", token_uri=f"{BASE}/token", client_id="c", client_secret="s"
    )
    credentials.refresh(Request())
    assert whose(credentials.token) == "ana@example.com"
    print("  a refresh token")


def external_token(repository, key, **changed):
    """What GitHub's issuer would sign, by the provider's key in ISSUER_KEY or another."""
    now = int(time.time())
    token = {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": f"https://iam.googleapis.com/{PROVIDER}",
        "sub": f"repo:{repository}:ref:refs/heads/main",
        "repository": repository,
        "repository_owner": repository.split("/", 1)[0],
        "iat": now,
        "exp": now + 300,
    }
    return jwt.encode(crypt.RSASigner.from_string(key, "one"), token | changed).decode()


def issuer_key():
    with open(os.environ["ISSUER_KEY"], encoding="utf-8") as file:
        return file.read()


def configuration(source, **changed):
    return {
        "type": "external_account",
        "audience": f"//iam.googleapis.com/{PROVIDER}",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{BASE}/v1/token",
        "service_account_impersonation_url": f"{BASE}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
        "credential_source": source,
    } | changed


def from_file(token, **changed):
    """What a GitHub Actions job does."""
    with tempfile.NamedTemporaryFile("w", suffix=".jwt") as file:
        file.write(token)
        file.flush()
        credentials = identity_pool.Credentials.from_info(configuration({"file": file.name}, **changed), scopes=SCOPES)
        credentials.refresh(Request())
    return credentials.token


def external():
    key, billing = issuer_key(), "example-org/billing-api"
    assert whose(from_file(external_token(billing, key))) == TARGET
    denied = "Permission 'iam.serviceAccounts.getAccessToken' denied"
    refused(lambda: from_file(external_token("example-org/other", key)), denied)
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    another = another.private_bytes(*form).decode()
    refused(lambda: from_file(external_token(billing, another)), "Unable to verify the ID Token signature.")
    refused(lambda: from_file(external_token("evil/repository", key)), "The given credential is rejected by the attribute condition.")
    refused(lambda: from_file(external_token(billing, key, exp=1)), "is stale to sign-in.")
    refused(lambda: from_file(external_token(billing, key, iss="https://x.example")), "does not match the expected one in config")
    refused(lambda: from_file(external_token(billing, key, aud="x")), "The audience in ID Token [x] does not match the expected audience.")
    off = {"audience": f"//iam.googleapis.com/{POOLS}/legacy/providers/actions"}
    refused(lambda: from_file(external_token(billing, key), **off), "invalid_target")
    print("  an external account: its signature, its claims and its repository decide")


class Source(http.server.BaseHTTPRequestHandler):
    """Where some runners fetch their token."""

    def do_GET(self):
        good = self.headers["Authorization"] == "Bearer here"
        body = json.dumps({"value": external_token("example-org/billing-api", issuer_key())}).encode()
        self.send_response(200 if good else 403)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body if good else b"{}")

    def log_message(self, *_):
        pass


def from_elsewhere():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Source) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = {
            "url": f"http://127.0.0.1:{server.server_port}/token",
            "headers": {"Authorization": "Bearer here"},
            "format": {"type": "json", "subject_token_field_name": "value"},
        }
        credentials = identity_pool.Credentials.from_info(configuration(source), scopes=SCOPES)
        credentials.refresh(Request())
        server.shutdown()
    assert whose(credentials.token) == TARGET

    os.environ["GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        answer = {
            "version": 1,
            "success": True,
            "token_type": "urn:ietf:params:oauth:token-type:jwt",
            "id_token": external_token("example-org/billing-api", issuer_key()),
            "expiration_time": int(time.time()) + 300,
        }
        with open(f"{folder}/answer", "w", encoding="utf-8") as file:
            json.dump(answer, file)
        source = {"executable": {"command": f"cat {folder}/answer", "timeout_millis": 30_000}}
        credentials = pluggable.Credentials.from_info(configuration(source), scopes=SCOPES)
        credentials.refresh(Request())
    assert whose(credentials.token) == TARGET
    print("  an external account whose token comes from a URL, or from a program")


def workforce():
    """A person of a workforce pool: the quota project is theirs to name and must be theirs to use."""
    provider = "locations/global/workforcePools/staff/providers/okta"
    info = {"audience": f"//iam.googleapis.com/{provider}", "workforce_pool_user_project": "ops-tools"}
    token = external_token("example-org/billing-api", issuer_key(), aud="console", groups=["sre"])
    member = "principalSet://iam.googleapis.com/locations/global/workforcePools/staff/group/sre"
    name = f"/v1/projects/data-vault/serviceAccounts/{TARGET}"
    denied = "Permission 'iam.serviceAccounts.getAccessToken' denied"
    project = "/v3/projects/ops-tools"
    add(project, "roles/serviceusage.serviceUsageConsumer", member)
    refused(lambda: from_file(token, **info), denied)
    add(name, "roles/iam.serviceAccountTokenCreator", member)
    assert whose(from_file(token, **info)) == TARGET
    print("  a workforce pool's person, by their group")


def add(name, role, member):
    policy = admin("POST", f"{name}:getIamPolicy", {"options": {"requestedPolicyVersion": 3}})
    policy.setdefault("bindings", []).append({"role": role, "members": [member]})
    admin("POST", f"{name}:setIamPolicy", {"policy": policy})


def through(source, delegates):
    return impersonated_credentials.Credentials(
        source_credentials=source,
        target_principal=TARGET,
        target_scopes=SCOPES,
        delegates=delegates,
        lifetime=600,
        iam_endpoint_override=f"{BASE}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
    )


def chain():
    """A chain of two hops with a key at its beginning: tokens, ID tokens and signatures, refreshed."""
    _, info = key_of(RUN)
    source = google.oauth2.service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    made = admin("POST", "/v1/projects/app-prod/serviceAccounts", {"accountId": "in-between"})
    creator, middle = "roles/iam.serviceAccountTokenCreator", made["email"]
    add(f"/v1/{made['name']}", creator, f"serviceAccount:{RUN}")
    credentials = through(source, [middle])
    refused(lambda: credentials.refresh(Request()), "Permission 'iam.serviceAccounts.getAccessToken' denied")
    add(f"/v1/projects/data-vault/serviceAccounts/{TARGET}", creator, f"serviceAccount:{middle}")
    credentials.refresh(Request())
    first = credentials.token
    assert whose(first) == TARGET
    credentials.refresh(Request())
    assert credentials.token != first and whose(credentials.token) == TARGET
    through(source, [f"projects/-/serviceAccounts/{middle}"]).refresh(Request())
    refused(lambda: through(source, [made["name"]]).refresh(Request()), "INVALID_ARGUMENT")
    refused(lambda: through(source, []).refresh(Request()), "denied")

    identity = impersonated_credentials.IDTokenCredentials(credentials, target_audience=AUDIENCE, include_email=True)
    identity.refresh(Request())
    known = claims(identity.token)
    assert (known["email"], known["email_verified"]) == (TARGET, True), known
    plain = impersonated_credentials.IDTokenCredentials(credentials, target_audience=AUDIENCE)
    plain.refresh(Request())
    assert "email" not in claims(plain.token) and claims(plain.token)["sub"] == known["sub"]

    signature = credentials.sign_bytes(b"sign me")
    published = requests.get(f"{BASE}/robot/v1/metadata/x509/{TARGET}", timeout=30).json()
    others = requests.get(f"{BASE}/robot/v1/metadata/x509/{RUN}", timeout=30).json()
    assert crypt.verify_signature(b"sign me", signature, list(published.values()))
    assert not crypt.verify_signature(b"sign me", signature, list(others.values()))
    print("  impersonation by way of another account: tokens, ID tokens, signatures")


def default_credentials():
    """The files that GOOGLE_APPLICATION_CREDENTIALS names, each found out by google.auth.default itself."""
    _, key = key_of(RUN)
    user_file = {"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "user:ana@example.com"}
    impersonated = {
        "type": "impersonated_service_account",
        "service_account_impersonation_url": f"{BASE}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
        "source_credentials": key,
    }
    admin_account = f"/v1/projects/data-vault/serviceAccounts/{TARGET}"
    add(admin_account, "roles/iam.serviceAccountTokenCreator", f"serviceAccount:{RUN}")
    with tempfile.TemporaryDirectory() as folder:
        token, file = f"{folder}/token.jwt", f"{folder}/credentials.json"
        with open(token, "w", encoding="utf-8") as out:
            out.write(external_token("example-org/billing-api", issuer_key()))
        for info, account in (
            (key, RUN),
            (impersonated, TARGET),
            (configuration({"file": token}), TARGET),
            (user_file, "ana@example.com"),
        ):
            with open(file, "w", encoding="utf-8") as out:
                json.dump(info, out)
            credentials, _ = google.auth.load_credentials_from_file(file, scopes=SCOPES)
            if info is user_file:
                # A user's file names no address; the library knows Google's alone.
                credentials._token_uri = f"{BASE}/token"
            credentials.refresh(Request())
            assert whose(credentials.token) == account, info["type"]
    print("  credential files of four kinds, told apart by google.auth itself")


def machine():
    assert _metadata.is_on_gce(Request()), "no metadata server is found"
    credentials = google.auth.compute_engine.Credentials()
    credentials.refresh(Request())
    assert (credentials.service_account_email, whose(credentials.token)) == (RUN, RUN)
    assert _metadata.get_project_id(Request()) == "app-prod"
    identity = google.auth.compute_engine.IDTokenCredentials(Request(), AUDIENCE, use_metadata_identity_endpoint=True)
    identity.refresh(Request())
    assert claims(identity.token)["aud"] == AUDIENCE
    found, project = google.auth.default(scopes=SCOPES)
    found.refresh(Request())
    assert (project, whose(found.token)) == ("app-prod", RUN)

    def ask(path, flavor="Google"):
        url = f"{BASE}/computeMetadata/v1/{path}"
        answer = requests.get(url, headers={"Metadata-Flavor": flavor} if flavor else {}, timeout=30)
        assert answer.headers["Metadata-Flavor"] == "Google"
        return answer.status_code, answer.text

    own = "instance/service-accounts/default"
    assert ask(f"{own}/email", None)[0] == 403 and ask(f"{own}/email", "x")[0] == 403
    assert ask(f"{own}/scopes") == (200, f"{SCOPES[0]}\n") and ask(f"{own}/aliases") == (200, "default\n")
    everything = json.loads(ask(f"{own}/?recursive=true")[1])
    assert everything == {"aliases": ["default"], "email": RUN, "scopes": SCOPES}, everything
    assert ask("project/numeric-project-id") == (200, "418023915701")
    assert ask(f"instance/service-accounts/{TARGET}/email") == (200, TARGET)
    assert ask("instance/service-accounts/nobody@example.com/email")[0] == 404
    print("  the metadata server: tokens, ID tokens, default credentials and its other paths")


def generated_client():
    with open(os.environ["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"], encoding="utf-8") as f:
        credentials = google.oauth2.credentials.Credentials(token=f.read().strip())
    iam = googleapiclient.discovery.build(
        "iam", "v1", credentials=credentials, client_options={"api_endpoint": BASE}, static_discovery=True
    )
    accounts = iam.projects().serviceAccounts()
    emails, request = [], accounts.list(name="projects/data-vault", pageSize=1)
    while request is not None:
        page = request.execute()
        emails += [a["email"] for a in page["accounts"]]
        request = accounts.list_next(request, page)
    assert TARGET in emails, emails
    name = f"projects/-/serviceAccounts/{TARGET}"
    policy = accounts.getIamPolicy(resource=name, options_requestedPolicyVersion=3).execute()
    stale = dict(policy, etag="BwAAAAAAAAA=")
    try:
        accounts.setIamPolicy(resource=name, body={"policy": stale}).execute()
    except googleapiclient.errors.HttpError as error:
        assert (error.status_code, error.reason.startswith("There were concurrent policy changes")) == (409, True), error
    else:
        raise AssertionError("a stale etag was taken")
    policy["bindings"].append({"role": "roles/iam.serviceAccountUser", "members": ["user:ben@example.com"]})
    written = accounts.setIamPolicy(resource=name, body={"policy": policy}).execute()
    assert written["bindings"] == policy["bindings"], written
    print("  google-api-python-client: pages, policies, conflicts")


if __name__ == "__main__":
    key_file()
    self_signed()
    brought()
    user()
    external()
    from_elsewhere()
    workforce()
    chain()
    default_credentials()
    machine()
    generated_client()
