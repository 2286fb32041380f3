#!/usr/bin/env bash
# Identity pools and their providers as gcloud shows them, over the estate of pools.py, and gcloud itself as
# a federated identity. Called by run.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pools=projects/630184729503/locations/global/workloadIdentityPools
here=(--project=ops-tools --location=global)
of_pool=(--workload-identity-pool=github "${here[@]}")

json iam workload-identity-pools list "${here[@]}"
check "[p['name'] for p in d] == ['$pools/github', '$pools/legacy']" '[p["state"] for p in d] == ["ACTIVE"] * 2' \
  'd[0]["displayName"] == "GitHub"' 'd[1]["disabled"] is True'
keep
json iam workload-identity-pools list "${here[@]}" --page-size=1
check 'd == before'
json iam workload-identity-pools list "${here[@]}" --show-deleted
check "[p['name'] for p in d if p['state'] == 'DELETED'] == ['$pools/gone-one']" 'len(d) == 3'
json iam workload-identity-pools describe github "${here[@]}"
check 'd == before[0]' 'd["description"] == "Actions of our organization"'
if run iam workload-identity-pools describe gitlab "${here[@]}"; then die "a pool that is not there was described"; fi
grep -qF "NOT_FOUND" "$work/err" || die "the refusal is not Google's"

json iam workload-identity-pools providers list "${of_pool[@]}"
check "[p['name'] for p in d] == ['$pools/github/providers/actions', '$pools/github/providers/signed']" \
  'all(p["state"] == "ACTIVE" for p in d)' 'd[0]["oidc"]["issuerUri"] == "https://token.actions.githubusercontent.com"'
keep
json iam workload-identity-pools providers list "${of_pool[@]}" --show-deleted
check '[p["state"] for p in d] == ["ACTIVE", "DELETED", "ACTIVE"]'
json iam workload-identity-pools providers describe signed "${of_pool[@]}"
check 'd == before[1]' 'd["attributeMapping"]["attribute.repository"] == "assertion.repository"' \
  'json.loads(d["oidc"]["jwksJson"])["keys"][0]["kid"] == "one"' "d['attributeCondition'] == \"assertion.repository_owner == 'example-org'\""
json iam workload-identity-pools providers keys list --provider=signed "${of_pool[@]}"
check 'd == []'
if as_caller iam workload-identity-pools list "${here[@]}"; then die "listed without the permission"; fi
grep -qF "iam.googleapis.com/workloadIdentityPools.list" "$work/err" || die "the refusal does not name the permission"

json iam workforce-pools list --location=global --organization=1001
check '[p["name"] for p in d] == ["locations/global/workforcePools/staff"]' 'd[0]["sessionDuration"] == "7200s"' 'd[0]["parent"] == "organizations/1001"'
keep
json iam workforce-pools describe staff --location=global
check 'd == before[0]'
json iam workforce-pools providers list --workforce-pool=staff --location=global
check '[p["name"].rsplit("/", 1)[1] for p in d] == ["okta"]' 'd[0]["oidc"]["clientId"] == "console"'
keep
json iam workforce-pools providers describe okta --workforce-pool=staff --location=global
check 'd == before[0]'
if as_caller iam workforce-pools list --location=global --organization=1001; then die "listed without the permission"; fi
grep -qF "iam.googleapis.com/workforcePools.list" "$work/err" || die "the refusal does not name the permission"

# gcloud logs in with the file that it writes itself, and is the account that the pool may act as.
"$PYTHON" - "$ISSUER_KEY" "$pools/github/providers/signed" >"$work/token.jwt" <<'PY'
import sys, time
from google.auth import crypt, jwt
now, repository = int(time.time()), "example-org/billing-api"
claims = {
    "iss": "https://token.actions.githubusercontent.com", "aud": f"https://iam.googleapis.com/{sys.argv[2]}",
    "sub": f"repo:{repository}", "repository": repository, "repository_owner": "example-org", "iat": now, "exp": now + 300,
}
print(jwt.encode(crypt.RSASigner.from_string(open(sys.argv[1]).read(), "one"), claims).decode(), end="")
PY
run iam workload-identity-pools create-cred-config "$pools/github/providers/signed" --output-file="$work/login.json" \
  --service-account="$target" --credential-source-file="$work/token.jwt" || die "create-cred-config failed"
grep -qF "Created credential configuration file [$work/login.json]" "$work/err" || die "it did not say so"
# Written for Google's own addresses; these are the emulator's.
sed -i "s|https://sts.googleapis.com|$BASE_URL|; s|https://iamcredentials.googleapis.com|$BASE_URL|" "$work/login.json"
as_login() {
  unset CLOUDSDK_AUTH_ACCESS_TOKEN_FILE
  run auth login --cred-file="$work/login.json" --quiet
}
(
  as_login || die "login failed"
  grep -qF "Authenticated with external account credentials for: [$target]" "$work/err" || die "it did not say so"
  json projects describe data-vault
  check 'd["projectId"] == "data-vault"'
  run auth revoke "$target" || die "revoke failed"
)

# Without an account to act as it is the pool's own principal, which may not read the project.
run iam workload-identity-pools create-cred-config "$pools/github/providers/signed" --output-file="$work/login.json" \
  --credential-source-file="$work/token.jwt" || die "create-cred-config failed"
sed -i "s|https://sts.googleapis.com|$BASE_URL|" "$work/login.json"
who=principal://iam.googleapis.com/$pools/github/subject/repo:example-org/billing-api
(
  export CLOUDSDK_AUTH_TOKEN_INTROSPECTION_ENDPOINT=$BASE_URL/v1/introspect
  as_login || die "login failed"
  grep -qF "Authenticated with external account credentials for: [$who]" "$work/err" || die "it did not say so"
  run auth print-access-token || die "no token"
  if run projects describe data-vault; then die "the principal may not read the project"; fi
  grep -qF "resourcemanager.projects.get" "$work/err" || die "the refusal does not name the permission"
  run auth revoke "$who" || die "revoke failed"
)
