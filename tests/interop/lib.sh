# What the gcloud suites share. Sourced; run.sh sets the environment that the emulator printed
# (endpoints, the administrator's token file), CLOUDSDK_CONFIG and PYTHON.
set -euo pipefail

export CLOUDSDK_CORE_DISABLE_PROMPTS=1 CLOUDSDK_CORE_DISABLE_USAGE_REPORTING=true
export CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK=true CLOUDSDK_SURVEY_DISABLE_PROMPTS=true

caller=run-processor@app-prod.iam.gserviceaccount.com
target=bq-privileged@data-vault.iam.gserviceaccount.com
role=roles/iam.serviceAccountTokenCreator
refusal="Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 077
printf 'serviceAccount:%s' "$caller" >"$work/caller.token"

die() {
  echo "gcloud: $1" >&2
  for file in "$work/out" "$work/err"; do [ ! -s "$file" ] || sed "s/^/  ${file##*/}: /" "$file" >&2; done
  exit 1
}
# Runs gcloud with its output in $work/out and $work/err.
run() {
  echo "  gcloud $*"
  printf '%s\n' "$*" >>"${GCLOUD_LOG:-/dev/null}"
  gcloud "$@" >"$work/out" 2>"$work/err"
}
# Runs gcloud, which must succeed, with JSON in $work/out.
json() { run "$@" --format=json || die "failed: gcloud $*"; }
as_caller() { CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=$work/caller.token run "$@"; }
# Keeps $work/out as what `before` is in later checks.
keep() { cp "$work/out" "$work/before"; }
# Checks Python expressions over `d`, the JSON in $work/out (and `before`, an earlier one).
check() {
  "$PYTHON" - "$work/out" "$work/before" "$@" <<'PY' || die "not as expected"
import json, os, sys
out, earlier, *claims = sys.argv[1:]
with open(out, encoding="utf-8") as f:
    d = json.load(f)
before = json.load(open(earlier, encoding="utf-8")) if os.path.exists(earlier) else None
for claim in claims:
    if not eval(claim):
        sys.exit(f"does not hold: {claim}\nin: {json.dumps(d, indent=1)}")
PY
}
