"""Every kind of credential that google-auth knows, and google-api-python-client, against the emulator.

Environment: BASE_URL, and CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token. The emulator
serves the estate `github` with a provider (run.sh makes it), and run-processor as the metadata server's
default account.
"""

import base64
import datetime
import json
import os
import tempfile
import time

import requests
from google.auth import exceptions, jwt
from google.auth.transport.requests import Request

BASE = os.environ["BASE_URL"]
# Before the module is imported: it reads the variable then.
os.environ["GCE_METADATA_HOST"] = BASE.removeprefix("http://")
os.environ["GCE_METADATA_IP"] = os.environ["GCE_METADATA_HOST"]

import google.auth.compute_engine  # noqa: E402
import google.oauth2.credentials  # noqa: E402
import google.oauth2.service_account  # noqa: E402
import googleapiclient.discovery  # noqa: E402
import googleapiclient.errors  # noqa: E402
from google.auth import identity_pool  # noqa: E402
from google.auth.compute_engine import _metadata  # noqa: E402

RUN = "run-processor@app-prod.iam.gserviceaccount.com"
TARGET = "bq-privileged@data-vault.iam.gserviceaccount.com"
SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
PROVIDER = "projects/630184729503/locations/global/workloadIdentityPools/github/providers/actions"
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
    """The claims of an ID token, once its signature is verified with the keys that the emulator serves."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    def number(text):
        return int.from_bytes(base64.urlsafe_b64decode(text + "=="), "big")

    certificates = {}
    for key in requests.get(f"{BASE}/oauth2/v3/certs", timeout=30).json()["keys"]:
        public = rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
        form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        certificates[key["kid"]] = public.public_bytes(*form)
    return jwt.decode(token, certs=certificates, audience=AUDIENCE)


def key_file():
    made = admin("POST", f"/v1/projects/app-prod/serviceAccounts/{RUN}/keys", {})
    info = json.loads(base64.b64decode(made["privateKeyData"]))
    credentials = google.oauth2.service_account.Credentials.from_service_account_info(info, scopes=SCOPES)
    credentials.refresh(Request())
    assert whose(credentials.token) == RUN
    left = credentials.expiry - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert datetime.timedelta(minutes=55) < left <= datetime.timedelta(hours=1), left
    identity = google.oauth2.service_account.IDTokenCredentials.from_service_account_info(info, target_audience=AUDIENCE)
    identity.refresh(Request())
    assert claims(identity.token)["email"] == RUN

    admin("DELETE", f"/v1/{made['name']}")
    try:
        credentials.refresh(Request())
    except exceptions.RefreshError as error:
        assert "invalid_grant: Invalid JWT Signature." in str(error), error
    else:
        raise AssertionError("a deleted key still gives tokens")
    print("  a service account key: tokens and ID tokens, none after its deletion")


def user():
    credentials = google.oauth2.credentials.Credentials(
        None, refresh_token="user:ana@example.com", token_uri=f"{BASE}/token", client_id="c", client_secret="s"
    )
    credentials.refresh(Request())
    assert whose(credentials.token) == "ana@example.com"
    print("  a refresh token")


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def workload(repository):
    """What a GitHub Actions job does."""
    token = {
        "iss": "https://token.actions.githubusercontent.com",
        "aud": f"https://iam.googleapis.com/{PROVIDER}",
        "sub": f"repo:{repository}:ref:refs/heads/main",
        "repository": repository,
        "exp": int(time.time()) + 300,
    }
    with tempfile.NamedTemporaryFile("w", suffix=".jwt") as file:
        file.write(f"{part({'alg': 'RS256'})}.{part(token)}.AAAA")
        file.flush()
        credentials = identity_pool.Credentials.from_info(
            {
                "type": "external_account",
                "audience": f"//iam.googleapis.com/{PROVIDER}",
                "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
                "token_url": f"{BASE}/v1/token",
                "service_account_impersonation_url": f"{BASE}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
                "credential_source": {"file": file.name},
            },
            scopes=SCOPES,
        )
        credentials.refresh(Request())
    return credentials.token


def external():
    assert whose(workload("example-org/billing-api")) == TARGET
    try:
        workload("example-org/other")
    except exceptions.RefreshError as error:
        assert "Permission 'iam.serviceAccounts.getAccessToken' denied" in error.args[1], error
    else:
        raise AssertionError("another repository got in")
    print("  an external account: its repository decides")


def machine():
    assert _metadata.is_on_gce(Request()), "no metadata server is found"
    credentials = google.auth.compute_engine.Credentials()
    credentials.refresh(Request())
    assert (credentials.service_account_email, whose(credentials.token)) == (RUN, RUN)
    assert _metadata.get_project_id(Request()) == "app-prod"
    identity = google.auth.compute_engine.IDTokenCredentials(Request(), AUDIENCE, use_metadata_identity_endpoint=True)
    identity.refresh(Request())
    assert claims(identity.token)["aud"] == AUDIENCE
    print("  the metadata server: tokens and ID tokens")


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
    user()
    external()
    machine()
    generated_client()
