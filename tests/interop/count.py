"""How many different gcloud commands the suites ran, from the log that lib.sh keeps. Fails below 40, or when
one of the families is missing that the emulator is there for.
"""

import sys

# The groups that commands of gcloud stand in; what follows the last of them is the command itself.
GROUPS = set(
    """alpha beta asset auth folders iam keys org-policies organizations policies policy-bindings
    policy-intelligence principal-access-boundary-policies projects providers resource-manager roles
    service-accounts services tags values workforce-pools workload-identity-pools""".split()
)
FAMILIES = (
    "iam service-accounts add-iam-policy-binding",
    "iam service-accounts remove-iam-policy-binding",
    "iam service-accounts set-iam-policy",
    "iam service-accounts keys upload",
    "iam roles create",
    "iam policies create",
    "iam principal-access-boundary-policies create",
    "iam workload-identity-pools describe",
    "projects add-iam-policy-binding",
    "projects get-ancestors-iam-policy",
    "resource-manager folders add-iam-policy-binding",
    "organizations add-iam-policy-binding",
    "asset analyze-iam-policy",
    "policy-intelligence troubleshoot-policy",
    "services enable",
)
FEWEST = 40


def command(line):
    words, path = line.split(), []
    for word in words:
        path.append(word)
        if word not in GROUPS:
            break
    return " ".join(word for word in path if word not in ("alpha", "beta"))


with open(sys.argv[1], encoding="utf-8") as file:
    lines = file.read().splitlines()
known = {command(line) for line in lines}
missing = [family for family in FAMILIES if family not in known]
if not any("--impersonate-service-account" in line for line in lines):
    missing.append("--impersonate-service-account")
if not any("--condition" in line and "iam-policy-binding" in line for line in lines):
    missing.append("bindings with conditions")
if missing:
    sys.exit(f"interop: gcloud ran no: {', '.join(missing)}")
if len(known) < FEWEST:
    sys.exit(f"interop: only {len(known)} different gcloud commands")
print(f"interop: {len(known)} different gcloud commands, {len(lines)} runs of gcloud")
