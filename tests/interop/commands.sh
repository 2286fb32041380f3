#!/usr/bin/env bash
# Everything that gcloud does with what the emulator serves, and what it prints. Called by run.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

vault=--project=data-vault
account=//iam.googleapis.com/projects/data-vault/serviceAccounts/$target
temporary=for-a-while@data-vault.iam.gserviceaccount.com
expiry='expression=request.time < timestamp("2099-01-01T00:00:00Z"),title=until-2099'
granted="[b for b in d['bindings'] if b not in before['bindings']]"

# Service accounts.
json iam service-accounts create for-a-while "$vault" --display-name="For a while"
check "d['email'] == '$temporary'" 'len(d["uniqueId"]) == 21' 'd["displayName"] == "For a while"'
keep
json iam service-accounts describe "$temporary" "$vault"
check 'd == before'
json iam service-accounts update "$temporary" "$vault" --display-name="Renamed"
check 'd["displayName"] == "Renamed"' 'd["uniqueId"] == before["uniqueId"]'
run iam service-accounts disable "$temporary" "$vault" || die "disable failed"
json iam service-accounts describe "$temporary" "$vault"
check 'd["disabled"] is True'
run iam service-accounts enable "$temporary" "$vault" || die "enable failed"
grep -qF "Enabled service account [$temporary]" "$work/err" || die "enable did not say so"
if run iam service-accounts create for-a-while "$vault"; then die "made twice"; fi
grep -qF "already exists within project projects/data-vault" "$work/err" || die "the refusal is not Google's"

# Tags: a key and a value are made, bound to the vault's project, seen there and below, and taken off.
json resource-manager tags keys create env --parent=organizations/1001
check 'd["namespacedName"] == "1001/env"' 'd["parent"] == "organizations/1001"' 'd["shortName"] == "env"'
json resource-manager tags values create prod --parent=1001/env
check 'd["namespacedName"] == "1001/env/prod"'
json resource-manager tags keys list --parent=organizations/1001
check '[k["shortName"] for k in d] == ["env"]'
json resource-manager tags values list --parent=1001/env
check '[v["namespacedName"] for v in d] == ["1001/env/prod"]'
project=//cloudresourcemanager.googleapis.com/projects/data-vault
json resource-manager tags bindings create --tag-value=1001/env/prod --parent="$project"
check 'd["done"] is True' 'd["response"]["tagValueNamespacedName"] == "1001/env/prod"'
json resource-manager tags bindings list --parent="$project"
check 'len(d) == 1' 'd[0]["tagValueNamespacedName"] == "1001/env/prod"'
json resource-manager tags bindings list --parent="$account" --effective
check 'd[0]["namespacedTagValue"] == "1001/env/prod"' 'd[0]["inherited"] is True'
json resource-manager tags bindings delete --tag-value=1001/env/prod --parent="$project"
json resource-manager tags bindings list --parent="$project"
check 'd == []'
json resource-manager tags values delete 1001/env/prod
json resource-manager tags keys delete 1001/env
json resource-manager tags keys list --parent=organizations/1001
check 'd == []'

# Its keys.
json iam service-accounts keys create "$work/key.json" --iam-account="$temporary"
"$PYTHON" - "$work/key.json" "$temporary" <<'PY' || die "that is no key"
import json, sys
key = json.load(open(sys.argv[1], encoding="utf-8"))
assert key["type"] == "service_account" and key["client_email"] == sys.argv[2], key.keys()
assert key["private_key"].startswith("-----BEGIN PRIVATE KEY-----\n")
PY
json iam service-accounts keys list --iam-account="$temporary" --managed-by=user
check 'len(d) == 1' 'd[0]["keyType"] == "USER_MANAGED"' 'd[0]["validBeforeTime"] == "9999-12-31T23:59:59Z"'
key=$("$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["private_key_id"])' "$work/key.json")
run iam service-accounts keys disable "$key" --iam-account="$temporary" "$vault" || die "keys disable failed"
json iam service-accounts keys list --iam-account="$temporary" --managed-by=user
check 'd[0]["disabled"] is True'
run iam service-accounts keys enable "$key" --iam-account="$temporary" "$vault" || die "keys enable failed"
run iam service-accounts keys delete "$key" --iam-account="$temporary" || die "keys delete failed"
json iam service-accounts keys list --iam-account="$temporary" --managed-by=user
check 'd == []'

# Its allow policy, with and without conditions.
json iam service-accounts get-iam-policy "$temporary" "$vault"
check '"bindings" not in d' 'd["etag"] == "ACAB"'
json iam service-accounts add-iam-policy-binding "$temporary" "$vault" --member=user:ana@example.com --role="$role" --condition="$expiry"
check 'd["version"] == 3' 'd["bindings"][0]["condition"]["title"] == "until-2099"'
if run iam service-accounts add-iam-policy-binding "$temporary" "$vault" --member=user:ben@example.com --role="$role"; then
  die "with a conditional binding there gcloud asks for --condition"
fi
json iam service-accounts add-iam-policy-binding "$temporary" "$vault" --member=user:ben@example.com --role="$role" --condition=None
check 'len(d["bindings"]) == 2'
json iam service-accounts remove-iam-policy-binding "$temporary" "$vault" --member=user:ana@example.com --role="$role" --condition="$expiry"
check "d['bindings'] == [{'role': '$role', 'members': ['user:ben@example.com']}]" 'd["version"] == 1'
cp "$work/out" "$work/policy.json"
json iam service-accounts set-iam-policy "$temporary" "$work/policy.json" "$vault"
check 'len(d["bindings"]) == 1'
if run iam service-accounts set-iam-policy "$temporary" "$work/policy.json" "$vault"; then die "a spent etag was taken"; fi
grep -qF "concurrent policy changes" "$work/err" || die "the conflict is not Google's"

# It goes, and comes back as itself.
unique=$("$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["uniqueId"])' "$work/before")
run iam service-accounts delete "$temporary" "$vault" || die "delete failed"
if run iam service-accounts describe "$temporary" "$vault"; then die "described although deleted"; fi
run beta iam service-accounts undelete "$unique" || die "undelete failed"
json iam service-accounts get-iam-policy "$temporary" "$vault"
check 'd["bindings"][0]["members"] == ["user:ben@example.com"]'

# Roles.
json iam roles list --limit=5
check 'len(d) == 5' 'all(r["name"].startswith("roles/") for r in d)'
json iam roles describe "$role"
check '"iam.serviceAccounts.getAccessToken" in d["includedPermissions"]'
json iam roles create minter "$vault" --title=Minter --stage=GA --permissions=iam.serviceAccounts.getAccessToken
check 'd["name"] == "projects/data-vault/roles/minter"' 'd["stage"] == "GA"'
json iam roles update minter "$vault" --add-permissions=iam.serviceAccounts.get
check 'd["includedPermissions"] == ["iam.serviceAccounts.get", "iam.serviceAccounts.getAccessToken"]' 'd["title"] == "Minter"'
json iam roles list "$vault"
check '[r["name"] for r in d] == ["projects/data-vault/roles/minter"]'
json iam roles delete minter "$vault"
check 'd["deleted"] is True'
json iam roles undelete minter "$vault"
check '"deleted" not in d'
if run iam roles create broken "$vault" --permissions=iam.no.such; then die "a permission that does not exist was taken"; fi
grep -qF "Permission iam.no.such is not valid" "$work/err" || die "the refusal is not Google's"
json iam list-grantable-roles "$account"
check "'$role' in [r['name'] for r in d]"
json iam list-testable-permissions "$account"
check '"iam.serviceAccounts.getAccessToken" in [p["name"] for p in d]'

# Deny policies.
point=--attachment-point=cloudresourcemanager.googleapis.com%2Fprojects%2Fdata-vault
cat >"$work/deny.json" <<'JSON'
{"displayName": "No tokens", "rules": [{"denyRule": {"deniedPrincipals": ["principalSet://goog/public:all"],
  "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"]}}]}
JSON
json iam policies create no-tokens "$point" --kind=denypolicies --policy-file="$work/deny.json"
json iam policies list "$point" --kind=denypolicies
check '[p["displayName"] for p in d["policies"]] == ["No tokens"]'
json iam policies get no-tokens "$point" --kind=denypolicies
check 'd["rules"][0]["denyRule"]["deniedPrincipals"] == ["principalSet://goog/public:all"]' 'd["kind"] == "DenyPolicy"'
"$PYTHON" - "$work/out" "$work/deny.json" <<'PY'
import json, sys
policy = json.load(open(sys.argv[1], encoding="utf-8"))
policy["displayName"] = "Fewer tokens"
json.dump(policy, open(sys.argv[2], "w", encoding="utf-8"))
PY
json iam policies update no-tokens "$point" --kind=denypolicies --policy-file="$work/deny.json"
json iam policies get no-tokens "$point" --kind=denypolicies
check 'd["displayName"] == "Fewer tokens"'
run iam policies delete no-tokens "$point" --kind=denypolicies || die "delete failed"
json iam policies list "$point" --kind=denypolicies
check 'd == {}'

# Principal access boundaries and what binds them.
anywhere=(--organization=1001 --location=global)
boundary=organizations/1001/locations/global/principalAccessBoundaryPolicies/vault-only
resources=//cloudresourcemanager.googleapis.com/projects/data-vault
json iam principal-access-boundary-policies create vault-only "${anywhere[@]}" --display-name="Vault only" \
  --details-rules="description=The vault,effect=ALLOW,resources=$resources" --details-enforcement-version=3
check "d['name'] == '$boundary'" "d['details']['rules'] == [{'description': 'The vault', 'effect': 'ALLOW', 'resources': ['$resources']}]" \
  'd["details"]["enforcementVersion"] == "3"' 'd["uid"] and d["etag"] and d["createTime"]'
keep
json iam principal-access-boundary-policies describe vault-only "${anywhere[@]}"
check 'd == before'
if run iam principal-access-boundary-policies create vault-only "${anywhere[@]}" --display-name=Again; then die "made twice"; fi
grep -qF "ALREADY_EXISTS" "$work/err" || die "the refusal is not Google's"
json iam principal-access-boundary-policies update vault-only "${anywhere[@]}" --display-name="The vault only"
check 'd["displayName"] == "The vault only"' 'd["details"] == before["details"]' 'd["uid"] == before["uid"]' 'd["etag"] != before["etag"]'
etag=$("$PYTHON" -c 'import json, sys; print(json.load(open(sys.argv[1]))["etag"])' "$work/before")
if run iam principal-access-boundary-policies update vault-only "${anywhere[@]}" --display-name=Late --etag="$etag"; then
  die "a spent etag was taken"
fi
grep -qF "concurrent policy changes" "$work/err" || die "the conflict is not Google's"
json iam principal-access-boundary-policies update vault-only "${anywhere[@]}" --details-enforcement-version=latest
check 'd["details"]["enforcementVersion"] == "latest"' 'd["details"]["rules"] == before["details"]["rules"]'
json iam principal-access-boundary-policies list "${anywhere[@]}"
check "[p['name'] for p in d] == ['$boundary']"

app=(--project=app-prod --location=global)
json iam policy-bindings create vault-for-apps "${app[@]}" --policy="$boundary" --display-name="Apps" \
  --target-principal-set=//cloudresourcemanager.googleapis.com/projects/app-prod \
  --condition-expression="principal.subject == 'nobody@example.com'" --condition-title=nobody
check "d['policy'] == '$boundary'" 'd["policyUid"] == before["uid"]' 'd["policyKind"] == "PRINCIPAL_ACCESS_BOUNDARY"' \
  'd["condition"] == {"expression": "principal.subject == '"'nobody@example.com'"'", "title": "nobody"}'
keep
json iam policy-bindings describe vault-for-apps "${app[@]}"
check 'd == before'
if run iam policy-bindings create for-ever "${app[@]}" --policy="$boundary" \
  --target-principal-set=//cloudresourcemanager.googleapis.com/projects/app-prod \
  --condition-expression="resource.name == 'x'" --condition-title=no; then die "a condition on the resource was taken"; fi
grep -qF "principal.type and principal.subject only" "$work/err" || die "the refusal does not say why"
json iam policy-bindings update vault-for-apps "${app[@]}" --display-name="All apps"
check 'd["displayName"] == "All apps"' 'd["condition"] == before["condition"]' 'd["target"] == before["target"]' 'd["etag"] != before["etag"]'
keep
json iam policy-bindings list "${app[@]}"
check 'd == [before]'
json iam principal-access-boundary-policies search-policy-bindings vault-only "${anywhere[@]}"
check 'd == [before]'
json iam policy-bindings search-target-policy-bindings "${app[@]}" \
  --target=//cloudresourcemanager.googleapis.com/projects/app-prod
check 'd == [before]'
if run iam principal-access-boundary-policies delete vault-only "${anywhere[@]}"; then die "deleted although bound"; fi
grep -qF "policy bindings" "$work/err" || die "the refusal does not say why"
run iam policy-bindings delete vault-for-apps "${app[@]}" || die "delete failed"
json iam policy-bindings list "${app[@]}"
check 'd == []'
run iam principal-access-boundary-policies delete vault-only "${anywhere[@]}" || die "delete failed"
json iam principal-access-boundary-policies list "${anywhere[@]}"
check 'd == []'

# Projects, folders and the organization.
json projects list
check 'sorted(p["projectId"] for p in d) == ["analytics", "app-prod", "data-vault", "ops-tools"]'
json projects describe app-prod
check 'd["projectNumber"] == "418023915701"' 'd["parent"] == {"type": "folder", "id": "2001"}'
json projects get-ancestors data-vault
check '[(a["type"], a["id"]) for a in d] == [("project", "data-vault"), ("folder", "2002"), ("organization", "1001")]'
json organizations list
check '[o["displayName"] for o in d] == ["example.com"]' 'd[0]["owner"] == {"directoryCustomerId": "C0example"}'
json organizations describe 1001
check 'd["name"] == "organizations/1001"'
json resource-manager folders list --organization=1001
check 'sorted(f["displayName"] for f in d) == ["data", "prod"]'
json resource-manager folders describe 2002
check 'd["parent"] == "organizations/1001"'
for level in "projects data-vault" "resource-manager-folders 2002" "organizations 1001"; do
  read -r kind id <<<"${level/resource-manager-folders/resource-manager:folders}"
  read -r -a group <<<"${kind/:/ }"
  json "${group[@]}" get-iam-policy "$id"
  keep
  json "${group[@]}" add-iam-policy-binding "$id" --member=user:ana@example.com --role=roles/logging.viewer --condition="$expiry"
  check "$granted[0]['role'] == 'roles/logging.viewer'" "$granted[0]['condition']['title'] == 'until-2099'" 'd["version"] == 3'
  json "${group[@]}" remove-iam-policy-binding "$id" --member=user:ana@example.com --role=roles/logging.viewer --condition="$expiry"
  check 'd["bindings"] == before["bindings"]' 'd["etag"] != before["etag"]'
  cp "$work/out" "$work/policy.json"
  json "${group[@]}" set-iam-policy "$id" "$work/policy.json"
  check 'd["bindings"] == before["bindings"]'
done

# Services.
json services list --enabled "$vault"
check '"iam.googleapis.com" in [s["config"]["name"] for s in d]'
run services disable iamcredentials.googleapis.com "$vault" --force || die "services disable failed"
json services list --enabled "$vault"
check '"iamcredentials.googleapis.com" not in [s["config"]["name"] for s in d]'
run services enable iam.googleapis.com "$vault" || die "services enable failed"
json services list --enabled "$vault"
check '"iamcredentials.googleapis.com" in [s["config"]["name"] for s in d]'

# Assets.
json asset list --organization=1001 --content-type=iam-policy --asset-types=iam.googleapis.com/ServiceAccount
check 'all(a["assetType"] == "iam.googleapis.com/ServiceAccount" and a["iamPolicy"]["bindings"] for a in d)' 'len(d) > 0'
json asset search-all-resources --scope=organizations/1001 --asset-types=iam.googleapis.com/ServiceAccount --query="name:bq-privileged"
check "[r['name'] for r in d] == ['$account']" 'd[0]["state"] == "ENABLED"'
json asset search-all-resources --scope=organizations/1001 --asset-types=cloudresourcemanager.googleapis.com/Project --page-size=2
check 'sorted(r["additionalAttributes"]["projectId"] for r in d) == ["analytics", "app-prod", "data-vault", "ops-tools"]'
json asset search-all-iam-policies --scope=organizations/1001 --asset-types=iam.googleapis.com/ServiceAccount --page-size=2
check 'all(r["assetType"] == "iam.googleapis.com/ServiceAccount" and r["policy"]["bindings"] for r in d)' 'len(d) > 0'
json asset search-all-iam-policies --scope=organizations/1001 --query="policy:\"serviceAccount:$caller\""
check 'd[0]["resource"] == "//cloudresourcemanager.googleapis.com/projects/app-prod"' "d[0]['policy']['bindings'][0]['role'] == '$role'"
json asset analyze-iam-policy --organization=1001 --full-resource-name="$account" --permissions=iam.serviceAccounts.setIamPolicy
check '[r["policy"]["attachedResource"].rsplit("/", 1)[1] for r in d] == ["bq-privileged@data-vault.iam.gserviceaccount.com", "data-vault"]' \
  'all(a["accesses"] == [{"permission": "iam.serviceAccounts.setIamPolicy"}] for r in d for a in r["ACLs"])'
grep -qF "Your analysis request is fully explored." "$work/err" || die "the analysis is not whole"
json asset get-effective-iam-policy --scope=organizations/1001 --names="$account"
check "d['policyResults'][0]['fullResourceName'] == '$account'" 'len(d["policyResults"][0]["policies"]) >= 3'

# Policy Troubleshooter says what bindscope says, before and after the grant.
troubleshoot() {
  json policy-intelligence troubleshoot-policy iam "$account" --principal-email="$caller" \
    --permission=iam.serviceAccounts.getAccessToken --request-time=2026-06-01T12:00:00Z
  keep
  BINDSCOPE_ACCESS_TOKEN=$(cat "$CLOUDSDK_AUTH_ACCESS_TOKEN_FILE") "$BINDSCOPE" --endpoint "$BASE_URL" --format json \
    explain --caller "$caller" --target "$account" --at 2026-06-01T12:00:00Z >"$work/out" 2>"$work/err" || [ $? -eq "$1" ] ||
    die "bindscope explain did not exit with $1"
  check "before['overallAccessState'] == '$2' == d['verdict']" '"pabPolicyExplanation" not in before'
  "$PYTHON" - "$work/before" "$work/out" <<'PY' || die "the two answers differ"
import json, sys

def plain(value):
    """Without what is empty, which gcloud leaves out, without members of roles that decide nothing
    (bindscope does not read their groups), and with etags in one alphabet: gcloud decodes these bytes
    and encodes them for URLs."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if not isinstance(value, dict):
        return value
    decides = value.get("rolePermission") in (None, "ROLE_PERMISSION_INCLUDED")
    parts = {k: plain(v) for k, v in value.items() if decides or "ember" not in k}
    if isinstance(parts.get("etag"), str):
        parts["etag"] = parts["etag"].replace("-", "+").replace("_", "/")
    return {k: v for k, v in parts.items() if v not in ({}, [])}

google, ours = (plain(json.load(open(f, encoding="utf-8"))) for f in sys.argv[1:])
ours = {part: value for part, value in ours["troubleshoot"].items() if part != "pabPolicyExplanation"}
assert google == ours, f"{json.dumps(google, indent=1)}\n{json.dumps(ours, indent=1)}"
PY
}
troubleshoot 1 CANNOT_ACCESS
json iam service-accounts add-iam-policy-binding "$target" "$vault" --member="serviceAccount:$caller" --role="$role"
troubleshoot 0 CAN_ACCESS

# Whatever gcloud does, it can do as another account.
as_caller projects describe data-vault --impersonate-service-account="$target" --format=json || die "impersonation failed"
check 'd["projectId"] == "data-vault"'
as_caller auth print-identity-token --impersonate-service-account="$target" --audiences=https://example.com --include-email ||
  die "no identity token"
"$PYTHON" - "$work/out" "$target" <<'PY' || die "that is no identity token"
import base64, json, sys
claims = open(sys.argv[1], encoding="utf-8").read().strip().split(".")[1]
claims = json.loads(base64.urlsafe_b64decode(claims + "=="))
assert claims["aud"] == "https://example.com" and claims["email"] == sys.argv[2], claims
PY

# By way of another account, the last of the list being the one that acts.
between=for-a-while@data-vault.iam.gserviceaccount.com
json iam service-accounts add-iam-policy-binding "$between" "$vault" --member="serviceAccount:$caller" --role="$role"
other=bq-reader@data-vault.iam.gserviceaccount.com
if as_caller projects describe data-vault --impersonate-service-account="$between,$other"; then die "a chain with a gap was gone"; fi
grep -qF "$refusal" "$work/err" || die "the refusal is not Google's"
json iam service-accounts add-iam-policy-binding "$other" "$vault" --member="serviceAccount:$between" --role="$role"
as_caller auth print-access-token --impersonate-service-account="$between,$other" || die "the chain was refused"
printf '%s' "$(cat "$work/out")" >"$work/chain.token"
"$PYTHON" - "$BASE_URL" "$work/chain.token" "$other" <<'PY' || die "the token stands for another"
import json, sys, urllib.request
base, file, account = sys.argv[1:]
answer = json.load(urllib.request.urlopen(f"{base}/tokeninfo?access_token={open(file).read()}"))
assert answer["email"] == account, answer
PY
printf 'sign me' >"$work/blob"
run iam service-accounts sign-blob "$work/blob" "$work/signature" --iam-account="$target" || die "sign-blob failed"
[ "$(wc -c <"$work/signature")" -eq 256 ] || die "that is no RSA signature of 2,048 bits"

# Organization policies: set, listed, described, merged, reset, taken away, and enforced.
domains=iam.allowedPolicyMemberDomains
printf '{"name": "projects/data-vault/policies/%s", "spec": {"inheritFromParent": true, "rules": [{"values": {"allowedValues": ["is:C0nobody"]}}]}}' "$domains" >"$work/policy.json"
json org-policies set-policy "$work/policy.json"
grep -qF "Created policy [projects/data-vault/policies/$domains]." "$work/err" || die "set-policy did not say so"
check "d['name'].endswith('/policies/$domains')" 'd["spec"]["inheritFromParent"] is True'
json org-policies list "$vault"
check "[(p['constraint'], p['listPolicy'], p['booleanPolicy']) for p in d] == [('$domains', 'SET', '-')]"
json org-policies describe "$domains" "$vault"
check 'd["etag"] == d["spec"]["etag"] + "-"'
json org-policies describe "$domains" "$vault" --effective
check 'd["spec"] == {"rules": [{"values": {"allowedValues": ["is:C0nobody"]}}]}'
json resource-manager org-policies describe "$domains" "$vault" --effective
check "d == {'constraint': 'constraints/$domains', 'listPolicy': {'allowedValues': ['is:C0nobody']}}"
json resource-manager org-policies list "$vault"
check "[p['constraint'] for p in d] == ['constraints/$domains']"
if run iam service-accounts add-iam-policy-binding "$other" "$vault" --member=user:ana@example.com --role="$role"; then
  die "a member was let in that the organization policy keeps out"
fi
grep -qF "FAILED_PRECONDITION: One or more users named in the policy do not belong to a permitted customer." "$work/err" ||
  die "the refusal is not Google's"
grep -qF "type: constraints/$domains" "$work/err" || die "the refusal does not name the constraint"
json org-policies reset "$domains" "$vault"
check 'd["spec"]["reset"] is True'
json org-policies describe "$domains" "$vault" --effective
check 'd["spec"] == {"rules": [{"allowAll": True}]}'
run org-policies delete "$domains" "$vault" || die "delete failed"
grep -qF "Deleted policy [projects/data-vault/policies/$domains]." "$work/err" || die "delete did not say so"
if run org-policies describe "$domains" "$vault"; then die "described although deleted"; fi
if as_caller org-policies list "$vault"; then die "listed without the permission"; fi
grep -qF "orgpolicy.policies.list" "$work/err" || die "the refusal does not name the permission"
