#!/usr/bin/env bash
# The report's own story with the real gcloud. Called by run.sh, which sets the environment that
# the emulator printed (endpoints, the administrator's token file), CLOUDSDK_CONFIG and PYTHON.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# gcloud replaces "https://iamcredentials.googleapis.com/" by the override, slash included
# (googlecloudsdk/api_lib/iamcredentials/util.py, PerformIamEndpointsOverride).
case $CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS in
  */) ;;
  *) die "the override of iamcredentials must end in a slash, or gcloud glues the path to the port" ;;
esac

run iam service-accounts list --project=data-vault --format=json || die "list failed"
check 'sorted(a["email"].split("@")[0] for a in d) == ["bq-privileged", "bq-reader", "dataflow-worker"]' \
  'all(a["projectId"] == "data-vault" and len(a["uniqueId"]) == 21 for a in d)'

run iam service-accounts get-iam-policy "$target" --project=data-vault --format=json || die "get-iam-policy failed"
check '[b["role"] for b in d["bindings"]] == ["roles/iam.serviceAccountAdmin", "roles/iam.serviceAccountUser"]' \
  'd["bindings"][1]["members"] == ["user:ana@example.com"]' 'd["etag"]' \
  'd["auditConfigs"][0]["service"] == "allServices"'
cp "$work/out" "$work/before"

if as_caller auth print-access-token --impersonate-service-account="$target"; then
  die "a token was minted before anything was granted"
fi
[ ! -s "$work/out" ] || die "a refused impersonation printed something on stdout"
grep -qF "$refusal" "$work/err" || die "the refusal is not Google's: expected: $refusal"
grep -qF IAM_PERMISSION_DENIED "$work/err" || die "the refusal has no ErrorInfo"
grep -qF "Failed to impersonate [$target]" "$work/err" || die "gcloud did not recognise the error"

run iam service-accounts add-iam-policy-binding "$target" --project=data-vault \
  --member="serviceAccount:$caller" --role="$role" --format=json || die "add-iam-policy-binding failed"
check "[b for b in d['bindings'] if b not in before['bindings']] == [{'role': '$role', 'members': ['serviceAccount:$caller']}]" \
  'all(b in d["bindings"] for b in before["bindings"])' 'd["etag"] != before["etag"]'

run iam service-accounts get-iam-policy "$target" --project=data-vault --format=json || die "get-iam-policy failed"
check 'len(d["bindings"]) == len(before["bindings"]) + 1' 'd["auditConfigs"] == before["auditConfigs"]'

as_caller auth print-access-token --impersonate-service-account="$target" || die "refused although granted"
[ "$(wc -l <"$work/out")" -eq 1 ] || die "expected one line, the token"
token=$(cat "$work/out")
[ "${#token}" -ge 20 ] && [ "$token" != "serviceAccount:$caller" ] || die "that is no minted token"
grep -qF "WARNING: This command is using service account impersonation" "$work/err" || die "gcloud did not impersonate"

# The token stands for the target, which may read its project (BigQuery Job User) and not its policy.
printf '%s' "$token" >"$work/minted.token"
CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=$work/minted.token run projects describe data-vault --format=json ||
  die "the minted token cannot read the target's project"
check 'd["projectId"] == "data-vault"' 'd["projectNumber"] == "572910364802"'
if CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=$work/minted.token run projects get-iam-policy data-vault --format=json; then
  die "the minted token reads a policy that the target may not read"
fi

run projects get-ancestors-iam-policy data-vault --format=json || die "get-ancestors-iam-policy failed"
check '[(a["type"], a["id"]) for a in d] == [("project", "data-vault"), ("folder", "2002"), ("organization", "1001")]' \
  '"roles/bigquery.dataOwner" in [b["role"] for b in d[0]["policy"]["bindings"]]' \
  'd[1]["policy"]["bindings"][0]["members"] == ["serviceAccount:terraform@ops-tools.iam.gserviceaccount.com"]' \
  '"roles/browser" in [b["role"] for b in d[2]["policy"]["bindings"]]'
