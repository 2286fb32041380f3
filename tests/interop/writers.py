"""Sixteen writers at once add 200 bindings to one account, in several roles and under conditions: gcloud
(where it is installed), Google's Python library and bindscope, each trying again with the new etag when
another was quicker. bindscope adds more in between and takes those back with `undo`. At the end all 200
are there, none twice, nothing that was taken back, and nothing of what stood there before is lost.

A binding is counted as IAM grants it: one member in one role under one condition.

Environment: BASE_URL, CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token and gcloud's
endpoints (run.sh), and BINDSCOPE, the program.
"""

import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile

import googleapiclient.discovery
import googleapiclient.errors
import google.oauth2.credentials

BINDSCOPE = os.environ["BINDSCOPE"]
BASE = os.environ["BASE_URL"]
TOKEN_FILE = os.environ["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]
TARGET = "bq-privileged@data-vault.iam.gserviceaccount.com"
NAME = f"projects/data-vault/serviceAccounts/{TARGET}"
ROLE = "roles/iam.serviceAccountTokenCreator"
# Python adds in all of these in turn, gcloud and bindscope in the first.
ROLES = [
    ROLE,
    "roles/iam.serviceAccountOpenIdTokenCreator",
    "roles/iam.serviceAccountUser",
    "roles/iam.workloadIdentityUser",
]
CONDITION = {
    "title": "until 2100",
    "expression": 'request.time < timestamp("2100-01-01T00:00:00Z")',
}
# Writers of each kind, what each of them adds that stays, and how many of bindscope's are taken back.
GCLOUD, GCLOUD_ADDS = 2, 2
PYTHON, PYTHON_ADDS = 7, 20
BINDSCOPE_WRITERS, BINDSCOPE_ADDS, BINDSCOPE_UNDOES = 7, 8, 2
assert GCLOUD + PYTHON + BINDSCOPE_WRITERS == 16
assert GCLOUD * GCLOUD_ADDS + PYTHON * PYTHON_ADDS + BINDSCOPE_WRITERS * BINDSCOPE_ADDS == 200
# Every writer tries again at once when another was quicker. Each time another's write went through in
# between, so nobody is turned away more often than there are writes: the 200, and those that are taken
# back, each written twice.
WRITES = 200 + 2 * BINDSCOPE_WRITERS * BINDSCOPE_UNDOES
conflicts = collections.Counter()


def member(name):
    return f"user:{name}@example.com"


def granted(policy):
    """How often each (role, member, condition's expression) stands in the policy."""
    return collections.Counter(
        (binding["role"], who, binding.get("condition", {}).get("expression"))
        for binding in policy.get("bindings", [])
        for who in binding["members"]
    )


def again(kind, name, attempt):
    """Calls until it is through: `attempt` gives what came back, or None when another was quicker."""
    for _ in range(WRITES):
        result = attempt()
        if result is not None:
            return result
        conflicts[kind] += 1
    raise AssertionError(f"{name}: turned away more often than there are writes")


def service():
    with open(TOKEN_FILE, encoding="utf-8") as file:
        token = file.read().strip()
    return googleapiclient.discovery.build(
        "iam",
        "v1",
        credentials=google.oauth2.credentials.Credentials(token=token),
        client_options={"api_endpoint": BASE},
        static_discovery=True,
        cache_discovery=False,
    )


def read(accounts):
    return accounts.getIamPolicy(resource=NAME, options_requestedPolicyVersion=3).execute()


def python_add(accounts, role, who, condition):
    """One read, change and write with the etag that was read; None when another was quicker."""
    policy = read(accounts)
    bindings = policy.setdefault("bindings", [])
    found = next(
        (b for b in bindings if b["role"] == role and b.get("condition") == condition), None
    )
    if found is None:
        found = {"role": role, "members": []} | ({"condition": condition} if condition else {})
        bindings.append(found)
    found["members"].append(who)
    policy["version"] = 3
    try:
        return accounts.setIamPolicy(resource=NAME, body={"policy": policy}).execute()
    except googleapiclient.errors.HttpError as error:
        if error.status_code == 409:
            return None
        raise


def python_writer(name, adds):
    accounts = service().projects().serviceAccounts()
    wanted = set()
    for i in range(adds):
        role, who = ROLES[i % len(ROLES)], member(f"{name}-{i}")
        condition = CONDITION if i % 5 == 0 else None
        again("Python", name, lambda: python_add(accounts, role, who, condition))
        wanted.add((role, who, condition and condition["expression"]))
    return wanted


def gcloud_add(name, who):
    # Without --condition gcloud would ask, for the policy has conditions.
    done = subprocess.run(
        ["gcloud", "iam", "service-accounts", "add-iam-policy-binding", TARGET]
        + ["--project=data-vault", f"--member={who}", f"--role={ROLE}", "--condition=None"]
        + ["--format=json", "--quiet"],
        env={
            **os.environ,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return done
    assert "concurrent policy changes" in done.stderr, f"{name}: {done.stderr}"
    return None


def gcloud_writer(name, adds):
    wanted = set()
    for i in range(adds):
        who = member(f"{name}-{i}")
        again("gcloud", name, lambda: gcloud_add(name, who))
        wanted.add((ROLE, who, None))
    return wanted


def bindscope(home, *arguments):
    return subprocess.run(
        [BINDSCOPE, *arguments, "--format", "json", "--endpoint", BASE]
        + ["--access-token-file", TOKEN_FILE],
        env={**os.environ, "XDG_STATE_HOME": home, "HOME": home},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def bindscope_run(name, home, *arguments):
    """What the command printed; None when it gave up because others were quicker each time."""
    done = bindscope(home, *arguments)
    if done.returncode == 0:
        return json.loads(done.stdout)
    assert "changed by others each time" in done.stderr, f"{name}: {done.stderr}"
    return None


def bindscope_fix(name, home, who):
    """Adds one binding and gives its name in the history."""
    fix = ["fix", "--caller", who, "--target", TARGET, "--yes"]
    fixed = again("bindscope", name, lambda: bindscope_run(name, home, *fix))
    assert fixed["applied"] is True, fixed
    return fixed["history"]


def bindscope_writer(name, home):
    """Adds what stays; in between adds what does not, and takes it back after the next that stays."""
    wanted = set()
    every = BINDSCOPE_ADDS // BINDSCOPE_UNDOES
    for i in range(BINDSCOPE_ADDS):
        gone = bindscope_fix(name, home, member(f"{name}-gone-{i}")) if i % every == 0 else None
        who = member(f"{name}-{i}")
        bindscope_fix(name, home, who)
        wanted.add((ROLE, who, None))
        if gone is not None:
            undone = again("undo", name, lambda: bindscope_run(name, home, "undo", gone))
            assert undone["undone"] is True, undone
    return wanted


def check(before, after, wanted, history):
    """That exactly what is wanted came to what was there, and that the history says the same."""
    there = granted(after)
    due = set(granted(before)) | wanted
    assert set(there) == due, {"lost": due - set(there), "too many": set(there) - due}
    twice = [binding for binding, count in there.items() if count > 1]
    assert not twice, f"twice: {twice}"
    lists = [(b["role"], json.dumps(b.get("condition"), sort_keys=True)) for b in after["bindings"]]
    assert len(lists) == len(set(lists)), f"two lists for one role and condition: {lists}"
    assert after.get("auditConfigs") == before.get("auditConfigs"), after
    assert history["skippedLines"] == 0, history
    states = collections.Counter(change["state"] for change in history["changes"])
    assert states["APPLIED"] == BINDSCOPE_WRITERS * BINDSCOPE_ADDS, states
    assert states["UNDONE"] == BINDSCOPE_WRITERS * BINDSCOPE_UNDOES, states
    assert not states["PLANNED"] and not states["UNDOING"], states


def main():
    accounts = service().projects().serviceAccounts()
    before = read(accounts)
    with_gcloud = shutil.which("gcloud") is not None
    if not with_gcloud:
        print("  gcloud is not installed: Python writes in its place")
    writer = gcloud_writer if with_gcloud else python_writer
    with tempfile.TemporaryDirectory() as home, concurrent.futures.ThreadPoolExecutor(16) as pool:
        work = [pool.submit(writer, f"gcloud-{i}", GCLOUD_ADDS) for i in range(GCLOUD)]
        work += [
            pool.submit(bindscope_writer, f"bindscope-{i}", home) for i in range(BINDSCOPE_WRITERS)
        ]
        work += [pool.submit(python_writer, f"python-{i}", PYTHON_ADDS) for i in range(PYTHON)]
        wanted = set().union(*(job.result() for job in work))
        assert len(wanted) == 200, len(wanted)
        history = json.loads(bindscope(home, "history").stdout)
    check(before, read(accounts), wanted, history)
    met = ", ".join(f"{kind} {count}" for kind, count in sorted(conflicts.items())) or "none"
    print(f"  {len(wanted)} bindings of {len(work)} writers are there, each once, and nothing else new")
    print(f"  {BINDSCOPE_WRITERS * BINDSCOPE_UNDOES} more were added and taken back in between")
    print(f"  tried again because another was quicker: {met}")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"writers: {error}")
