"""The report's own code, google.auth.impersonated_credentials, before and after the fix.

Environment: BASE_URL, and CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token.
"""

import datetime
import json
import os

import google.auth.iam
import google.oauth2.credentials
import requests
from google.auth import exceptions, impersonated_credentials, jwt
from google.auth.transport.requests import Request

BASE = os.environ["BASE_URL"]
CALLER = "run-processor@app-prod.iam.gserviceaccount.com"
TARGET = "bq-privileged@data-vault.iam.gserviceaccount.com"
REFUSAL = "Permission '{}' denied on resource (or it may not exist)."
ROLE = "roles/iam.serviceAccountTokenCreator"

# An ID token's request takes no endpoint override; gcloud replaces the same template
# (googlecloudsdk/api_lib/iamcredentials/util.py, PerformIamEndpointsOverride).
google.auth.iam._IAM_IDTOKEN_ENDPOINT = google.auth.iam._IAM_IDTOKEN_ENDPOINT.replace(
    "https://iamcredentials.googleapis.com", BASE
)


def impersonated():
    return impersonated_credentials.Credentials(
        source_credentials=google.oauth2.credentials.Credentials(token=f"serviceAccount:{CALLER}"),
        target_principal=TARGET,
        target_scopes=["https://www.googleapis.com/auth/cloud-platform"],
        lifetime=600,
        iam_endpoint_override=f"{BASE}/v1/projects/-/serviceAccounts/{TARGET}:generateAccessToken",
    )


def id_token(source):
    return impersonated_credentials.IDTokenCredentials(
        source, target_audience="https://vault.example.com", include_email=True
    )


def refused(credentials, permission):
    """Asserts that a refresh fails with Google's own 403, and returns the error's text."""
    try:
        credentials.refresh(Request())
    except exceptions.RefreshError as error:
        text = str(error.args)
        assert REFUSAL.format(permission) in text.replace("\\'", "'"), text
        return error
    raise AssertionError("a token was minted before anything was granted")


def admin(verb, **body):
    with open(os.environ["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"], encoding="utf-8") as f:
        token = f.read().strip()
    answer = requests.post(
        f"{BASE}/v1/projects/data-vault/serviceAccounts/{TARGET}:{verb}",
        headers={"Authorization": f"Bearer {token}"},
        json=body,
        timeout=30,
    )
    assert answer.status_code == 200, f"{verb}: {answer.status_code} {answer.text}"
    return answer.json()


def before_the_fix():
    error = refused(impersonated(), "iam.serviceAccounts.getAccessToken")
    body = json.loads(error.args[1])["error"]
    assert body["code"] == 403 and body["status"] == "PERMISSION_DENIED", body
    info = [d for d in body["details"] if d["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"]
    assert len(info) == 1, body
    assert info[0]["reason"] == "IAM_PERMISSION_DENIED", info
    assert info[0]["domain"] == "iam.googleapis.com", info
    assert info[0]["metadata"]["permission"] == "iam.serviceAccounts.getAccessToken", info
    refused(id_token(impersonated()), "iam.serviceAccounts.getOpenIdToken")


def fix():
    before = admin("getIamPolicy")
    assert len(before["bindings"]) == 2, before
    policy = json.loads(json.dumps(before))
    policy["bindings"].append({"role": ROLE, "members": [f"serviceAccount:{CALLER}"]})
    after = admin("setIamPolicy", policy=policy)
    assert after["etag"] != before["etag"], after
    # The etag that was read is spent: a second writer must not win.
    stale = requests.post(
        f"{BASE}/v1/projects/data-vault/serviceAccounts/{TARGET}:setIamPolicy",
        headers={"Authorization": f"Bearer {open(os.environ['CLOUDSDK_AUTH_ACCESS_TOKEN_FILE']).read().strip()}"},
        json={"policy": before},
        timeout=30,
    )
    assert stale.status_code == 409 and stale.json()["error"]["status"] == "ABORTED", stale.text
    kept = admin("getIamPolicy")
    assert all(b in kept["bindings"] for b in policy["bindings"]), kept
    assert len(kept["bindings"]) == 3 and kept["auditConfigs"] == before["auditConfigs"], kept


def after_the_fix():
    credentials = impersonated()
    credentials.refresh(Request())
    assert credentials.token and credentials.token != f"serviceAccount:{CALLER}"
    left = credentials.expiry - datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    assert datetime.timedelta(0) < left <= datetime.timedelta(seconds=605), left
    # The token stands for the target: BigQuery Job User lets it read its project.
    project = requests.get(
        f"{BASE}/v3/projects/data-vault",
        headers={"Authorization": f"Bearer {credentials.token}"},
        timeout=30,
    )
    assert project.status_code == 200 and project.json()["projectId"] == "data-vault", project.text

    identity = id_token(credentials)
    identity.refresh(Request())
    claims = jwt.decode(identity.token, verify=False)
    assert claims["aud"] == "https://vault.example.com", claims
    assert claims["email"] == TARGET and claims["email_verified"] is True, claims
    assert claims["iss"] == "https://accounts.google.com", claims
    assert claims["exp"] > claims["iat"], claims


if __name__ == "__main__":
    for step in (before_the_fix, fix, after_the_fix):
        step()
        print(f"  {step.__name__.replace('_', ' ')}: ok")
