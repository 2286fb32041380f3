#!/usr/bin/env bash
# Real clients against the emulator: gcloud, google-auth, and Google's own schemas.
#   tests/interop/run.sh path/to/bindscope
# PYTHON names a Python that has requirements.txt, NODE_LIBRARIES the folder with Node's packages, as
# install.sh prints both; without PYTHON they are installed beside the program before anything starts.
# Without gcloud or node their part is skipped, which is a failure where CI is set.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
binary=${1:?usage: tests/interop/run.sh path/to/bindscope}
[ -x "$binary" ] || { echo "interop: $binary is not an executable; build it with: cargo build --release" >&2; exit 2; }
if [ -z "${PYTHON:-}" ]; then
  libraries=$("$here/install.sh" "$(dirname "$binary")/../interop")
  PYTHON=$(sed -n 's/^python=//p' <<<"$libraries")
  NODE_LIBRARIES=$(sed -n 's/^node=//p' <<<"$libraries")
fi
export PYTHON
"$PYTHON" -c 'import google.auth, googleapiclient, requests' || {
  echo "interop: $PYTHON lacks a package of $here/requirements.txt" >&2
  exit 2
}
BINDSCOPE=$(cd "$(dirname "$binary")" && pwd)/$(basename "$binary")
export BINDSCOPE

work=$(mktemp -d)
emulator=
stop() {
  [ -z "$emulator" ] || { kill "$emulator" 2>/dev/null || true; wait "$emulator" 2>/dev/null || true; }
  emulator=
}
cleanup() {
  stop
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# No credentials, configuration or proxy of the person who runs this may take part.
unset GOOGLE_APPLICATION_CREDENTIALS GOOGLE_CLOUD_PROJECT GOOGLE_CLOUD_QUOTA_PROJECT
while read -r name; do unset "$name"; done < <(compgen -e | grep '^CLOUDSDK_' | grep -v '^CLOUDSDK_PYTHON' || true)
export NO_PROXY=127.0.0.1,localhost,::1 no_proxy=127.0.0.1,localhost,::1

# Every suite gets an emulator of its own, so that none depends on what another changed.
start() {
  local pipe=$work/stdout line missing name
  rm -f "$pipe"
  mkfifo "$pipe"
  "$binary" emulator "${serve[@]}" --port 0 >"$pipe" &
  emulator=$!
  exec 3<"$pipe"
  IFS= read -r -t 60 -u 3 line || { echo "interop: the emulator printed no base URL" >&2; exit 1; }
  case $line in
    http://*) ;;
    *) echo "interop: the emulator's first line is no base URL: $line" >&2; exit 1 ;;
  esac
  export BASE_URL=${line%/}
  # The environment lines follow; they are taken as printed, as a person would.
  local wanted=(
    CLOUDSDK_AUTH_ACCESS_TOKEN_FILE
    CLOUDSDK_AUTH_TOKEN_HOST
    CLOUDSDK_API_ENDPOINT_OVERRIDES_IAM
    CLOUDSDK_API_ENDPOINT_OVERRIDES_IAMCREDENTIALS
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER
    CLOUDSDK_API_ENDPOINT_OVERRIDES_POLICYTROUBLESHOOTER
    CLOUDSDK_API_ENDPOINT_OVERRIDES_SERVICEUSAGE
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDASSET
    CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDIDENTITY
    CLOUDSDK_API_ENDPOINT_OVERRIDES_ORGPOLICY
  )
  unset "${wanted[@]}"
  while :; do
    missing=
    for name in "${wanted[@]}"; do [ -n "${!name:-}" ] || missing="$missing $name"; done
    [ -n "$missing" ] || break
    IFS= read -r -t 20 -u 3 line || { echo "interop: the emulator printed no export line for:$missing" >&2; exit 1; }
    if [[ $line =~ ^export\ [A-Z_][A-Z0-9_]*= ]]; then eval "$line"; fi
  done
  cat <&3 >/dev/null &
  exec 3<&-
}

serve=(--demo cross-project)
failed=()
suite() {
  local name=$1 status=0
  shift
  echo "== interop: $name =="
  start
  "$@" || status=$?
  kill -0 "$emulator" 2>/dev/null || { echo "interop: the emulator ended by itself" >&2; status=1; }
  stop
  if [ "$status" -eq 0 ]; then echo "== $name: passed =="; else
    echo "== $name: FAILED (exit $status) ==" >&2
    failed+=("$name")
  fi
}

suite "google-auth" "$PYTHON" "$here/impersonate.py"
suite "schemas" "$PYTHON" "$here/schema.py"
serve=(--demo boundary)
suite "schemas, boundaries" "$PYTHON" "$here/schema.py" boundaries
# An estate with identity pools; the provider `signed` has the key of ISSUER_KEY.
export ISSUER_KEY=$work/issuer.pem
"$PYTHON" "$here/pools.py" "$here/../../assets/estates/github.json" "$work/github.json" "$ISSUER_KEY"
serve=(--estate "$work/github.json" --metadata-account run-processor@app-prod.iam.gserviceaccount.com)
suite "schemas, pools" "$PYTHON" "$here/schema.py" pools
suite "credentials" "$PYTHON" "$here/credentials.py"
if command -v node >/dev/null && [ -n "${NODE_LIBRARIES:-}" ]; then
  # Node looks for packages above the file that imports them.
  mkdir "$work/node"
  cp "$here"/node/*.mjs "$work/node"
  ln -s "$NODE_LIBRARIES/node_modules" "$work/node/node_modules"
  suite "node" node "$work/node/auth.mjs"
else
  echo "== node: skipped: there is no node, or NODE_LIBRARIES does not name its packages (install.sh) =="
  if [ -n "${CI:-}" ]; then
    echo "interop: CI is set, and there a skipped suite is a failure" >&2
    failed+=("node (not installed)")
  fi
fi
serve=(--demo cross-project)
suite "SQL" "$PYTHON" "$here/sql.py"
suite "README" "$PYTHON" "$here/readme.py"
suite "repair" "$PYTHON" "$here/repair.py"
if command -v gcloud >/dev/null; then
  # Every command that the suites run, one a line (lib.sh).
  export GCLOUD_LOG=$work/gcloud.log
  export CLOUDSDK_CONFIG=$work/gcloud
  mkdir -p "$CLOUDSDK_CONFIG"
  suite "gcloud" "$here/gcloud.sh"
  suite "gcloud, every command" "$here/commands.sh"
  suite "gcloud, boundaries" "$here/boundaries.sh"
  suite "gcloud, keys" "$here/keys.sh"
  suite "writers" "$PYTHON" "$here/writers.py"
  suite "gcloud, what is printed" "$PYTHON" "$here/printed.py"
  serve=(--estate "$work/github.json")
  suite "gcloud, pools" "$here/pools.sh"
  "$PYTHON" "$here/count.py" "$GCLOUD_LOG" || failed+=("gcloud, number of commands")
else
  suite "writers, without gcloud" "$PYTHON" "$here/writers.py"
  echo "== gcloud: skipped: gcloud is not installed =="
  if [ -n "${CI:-}" ]; then
    echo "interop: CI is set, and there a skipped suite is a failure: install gcloud (https://cloud.google.com/sdk/docs/install)" >&2
    failed+=("gcloud (not installed)")
  fi
fi

if [ "${#failed[@]}" -gt 0 ]; then
  printf 'interop: failed: %s\n' "${failed[@]}" >&2
  exit 1
fi
echo "interop: all passed"
