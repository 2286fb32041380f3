#!/usr/bin/env bash
# Workload identity pools and their providers as gcloud shows them, over an estate with one of each.
# Called by run.sh.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

pool=projects/630184729503/locations/global/workloadIdentityPools/github
here=(--project=ops-tools --location=global)

json iam workload-identity-pools list "${here[@]}"
check "d == [{'name': '$pool', 'state': 'ACTIVE'}]"
keep
json iam workload-identity-pools describe github "${here[@]}"
check 'd == before[0]'
if run iam workload-identity-pools describe gitlab "${here[@]}"; then die "a pool that is not there was described"; fi
grep -qF "NOT_FOUND" "$work/err" || die "the refusal is not Google's"
json iam workload-identity-pools providers list --workload-identity-pool=github "${here[@]}"
check "[p['name'] for p in d] == ['$pool/providers/actions']" 'd[0]["state"] == "ACTIVE"' \
  'd[0]["oidc"]["issuerUri"] == "https://token.actions.githubusercontent.com"'
keep
json iam workload-identity-pools providers describe actions --workload-identity-pool=github "${here[@]}"
check 'd == before[0]' 'd["attributeMapping"]["attribute.repository"] == "assertion.repository"'
if as_caller iam workload-identity-pools list "${here[@]}"; then die "listed without the permission"; fi
grep -qF "iam.googleapis.com/workloadIdentityPools.list" "$work/err" || die "the refusal does not name the permission"
