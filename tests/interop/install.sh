#!/usr/bin/env bash
# Installs what the suites need under a folder, for each of Python and Node at most once for each list of
# packages, and prints the two lines that run.sh reads:
#   tests/interop/install.sh FOLDER
# What is installed appears under its final name by a rename, whole or not at all, and is never changed
# afterwards: two runs at once, or one that was killed, cannot spoil what another is using.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "${1:?usage: tests/interop/install.sh FOLDER}"
folder=$(cd "$1" && pwd)
command -v python3 >/dev/null || { echo "interop: python3 is needed" >&2; exit 2; }

# What tells one installation from another: the files that list the packages, and the interpreter.
digest() { python3 -c 'import hashlib, sys; h = hashlib.sha256()
for part in sys.argv[2:]: h.update(open(part, "rb").read())
print(hashlib.sha256(sys.argv[1].encode() + h.digest()).hexdigest()[:16])' "$@"; }

building=
trap '[ -z "$building" ] || rm -rf "$building"' EXIT
# Gives what was built its name; if another run was quicker, that one's is taken.
settle() {
  python3 - "$building" "$1" <<'PY'
import os, sys
try:
    os.rename(*sys.argv[1:])
except OSError:
    if not os.path.isdir(sys.argv[2]):
        raise
PY
  rm -rf "$building"
  building=
}

python=$folder/python-$(digest "$(python3 -VV) $(command -v python3)" "$here/requirements.txt")
if ! [ -d "$python" ]; then
  building=$(mktemp -d "$folder/.new-XXXXXX")
  python3 -m venv "$building" || {
    echo "interop: python3 -m venv failed; on Debian and Ubuntu: apt-get install python3-venv" >&2
    exit 2
  }
  "$building/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
  settle "$python"
fi
echo "python=$python/bin/python"

if command -v npm >/dev/null && command -v node >/dev/null; then
  node=$folder/node-$(digest "$(node --version)" "$here/node/package.json" "$here/node/package-lock.json")
  if ! [ -d "$node" ]; then
    building=$(mktemp -d "$folder/.new-XXXXXX")
    cp "$here/node/package.json" "$here/node/package-lock.json" "$building"
    npm ci --silent --no-audit --no-fund --prefix "$building" >&2
    settle "$node"
  fi
  echo "node=$node"
fi
