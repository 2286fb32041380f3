#!/usr/bin/env bash
# A principal access boundary with gcloud, by an administrator who is inside of it himself: made, bound, in force by
# Google's table of permissions, undone. Called by run.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

admin=user:root@example.com
printf '%s' "$admin" >"$work/admin.token"
as_admin() { CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=$work/admin.token run "$@"; }
json_as_admin() { as_admin "$@" --format=json || die "failed: gcloud $*"; }

for granted in roles/iam.principalAccessBoundaryAdmin roles/resourcemanager.organizationAdmin roles/iam.denyAdmin \
  roles/iam.serviceAccountAdmin roles/iam.serviceAccountKeyAdmin roles/iam.roleAdmin roles/orgpolicy.policyAdmin roles/serviceusage.serviceUsageAdmin \
  roles/resourcemanager.folderAdmin roles/browser; do
  run organizations add-iam-policy-binding 1001 --member="$admin" --role="$granted" --condition=None || die "grant failed"
done

# Every command with the permission that it asks for, and the enforcement version that can block that (doc
# "Permissions that principal access boundary policies block"); 5: none can.
anywhere=(--organization=1001 --location=global)
boundary=organizations/1001/locations/global/principalAccessBoundaryPolicies/vault-only
organization=//cloudresourcemanager.googleapis.com/organizations/1001
commands() {
  cat <<'COMMANDS'
2 resourcemanager.projects.get projects describe app-prod
2 resourcemanager.folders.get resource-manager folders describe 2001
2 resourcemanager.organizations.get organizations describe 1001
2 resourcemanager.projects.getIamPolicy projects get-iam-policy app-prod
3 iam.serviceAccounts.list iam service-accounts list --project=app-prod
3 iam.serviceAccounts.get iam service-accounts describe run-processor@app-prod.iam.gserviceaccount.com --project=app-prod
3 iam.serviceAccountKeys.list iam service-accounts keys list --iam-account=run-processor@app-prod.iam.gserviceaccount.com --project=app-prod
3 iam.roles.list iam roles list --project=app-prod
3 iam.denypolicies.list iam policies list --attachment-point=cloudresourcemanager.googleapis.com%2Fprojects%2Fapp-prod --kind=denypolicies
3 orgpolicy.policies.list org-policies list --project=app-prod
4 serviceusage.services.list services list --project=app-prod
5 iam.policybindings.list iam policy-bindings list --organization=1001 --location=global
5 iam.policybindings.get iam policy-bindings describe vault-only --organization=1001 --location=global
5 resourcemanager.organizations.searchPolicyBindings iam policy-bindings search-target-policy-bindings --organization=1001 --location=global --target=//cloudresourcemanager.googleapis.com/organizations/1001
5 resourcemanager.organizations.updatePolicyBinding iam policy-bindings update vault-only --organization=1001 --location=global --display-name=Renamed
5 iam.principalaccessboundarypolicies.list iam principal-access-boundary-policies list --organization=1001 --location=global
5 iam.principalaccessboundarypolicies.get iam principal-access-boundary-policies describe vault-only --organization=1001 --location=global
5 iam.principalaccessboundarypolicies.searchPolicyBindings iam principal-access-boundary-policies search-policy-bindings vault-only --organization=1001 --location=global
5 iam.principalaccessboundarypolicies.update iam principal-access-boundary-policies update vault-only --organization=1001 --location=global --display-name=Renamed
COMMANDS
}

# What the administrator is refused while the boundary is bound at a version: what it can block, and nothing else.
expect() {
  local version=$1 from permission line
  while read -r from permission line; do
    read -r -a words <<<"$line"
    if as_admin "${words[@]}" --format=json </dev/null; then
      [ "$version" -lt "$from" ] || die "version $version blocks $permission, and gcloud $line got through"
    else
      [ "$version" -ge "$from" ] || die "version $version does not block $permission, and gcloud $line is refused"
      grep -qF "PERMISSION_DENIED" "$work/err" || grep -qiF "does not have permission" "$work/err" ||
        die "the refusal is not Google's"
      grep -qF "$permission" "$work/err" || die "the refusal does not name $permission"
    fi
  done < <(commands)
}

for version in 1 2 3 4; do
  json_as_admin iam principal-access-boundary-policies create vault-only "${anywhere[@]}" --display-name="Vault only" \
    --details-rules="description=The vault,effect=ALLOW,resources=//cloudresourcemanager.googleapis.com/projects/data-vault" \
    --details-enforcement-version="$version"
  check "d['details']['enforcementVersion'] == '$version'"
  json_as_admin iam policy-bindings create vault-only "${anywhere[@]}" --policy="$boundary" --display-name="Everybody" \
    --target-principal-set="$organization"
  expect "$version"
  # Inside, everything is as before.
  json_as_admin iam service-accounts list --project=data-vault
  check 'len(d) == 3'
  json_as_admin projects describe data-vault
  as_admin iam policy-bindings delete vault-only "${anywhere[@]}" || die "version $version: whoever bound himself cannot unbind"
  json_as_admin iam policy-bindings list "${anywhere[@]}"
  check 'd == []'
  json_as_admin projects describe app-prod
  json_as_admin iam service-accounts list --project=app-prod
  json_as_admin services list --project=app-prod
  as_admin iam principal-access-boundary-policies delete vault-only "${anywhere[@]}" || die "version $version: delete failed"
  json_as_admin iam principal-access-boundary-policies list "${anywhere[@]}"
  check 'd == []'
done

# A deny policy with what Google's table does not have is refused, a group of it is taken.
point=--attachment-point=cloudresourcemanager.googleapis.com%2Fprojects%2Fdata-vault
deny() {
  printf '{"rules": [{"denyRule": {"deniedPrincipals": ["principalSet://goog/public:all"], "deniedPermissions": ["%s"]}}]}' \
    "$1" >"$work/deny.json"
  as_admin iam policies create by-table "$point" --kind=denypolicies --policy-file="$work/deny.json" --format=json
}
for refused in iam.googleapis.com/serviceAccounts.\* iam.googleapis.com/\*.\* iam.googleapis.com/serviceAccounts.createTagBinding \
  iam.googleapis.com/denypolicies.update cloudresourcemanager.googleapis.com/projects.list compute.googleapis.com/\*.\*; do
  if deny "$refused"; then die "$refused was taken"; fi
  grep -qF "is not supported in deny policies" "$work/err" || die "the refusal does not say why"
done
for taken in iam.googleapis.com/serviceAccountKeys.\* iam.googleapis.com/serviceAccounts.actAs orgpolicy.googleapis.com/\*.\* \
  bigqueryreservation.googleapis.com/reservations.\*; do
  deny "$taken" || die "$taken was refused"
  as_admin iam policies delete by-table "$point" --kind=denypolicies || die "delete failed"
done
echo "gcloud, boundaries: all as Google's tables have it"
