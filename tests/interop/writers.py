"""Sixteen writers at once on one account: gcloud (where it is installed), Google's Python library and
bindscope, whose undo runs in between. Nothing of anyone's is lost.

Environment: BASE_URL, CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token and gcloud's
endpoints (run.sh), and BINDSCOPE, the program.
"""

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
# Every writer tries again when another was quicker; more often than this something is wrong.
TRIES = 60


def member(name):
    return f"user:{name}@example.com"


def again(name, attempt):
    """Calls until it is through: `attempt` gives what came back, or None when another was quicker."""
    for _ in range(TRIES):
        result = attempt()
        if result is not None:
            return result
    raise AssertionError(f"{name}: not through after {TRIES} tries")


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


def python_writer(name):
    accounts = service().projects().serviceAccounts()

    def attempt():
        policy = read(accounts)
        bindings = policy.setdefault("bindings", [])
        found = next((b for b in bindings if b["role"] == ROLE and "condition" not in b), None)
        if found is None:
            found = {"role": ROLE, "members": []}
            bindings.append(found)
        found["members"].append(member(name))
        try:
            return accounts.setIamPolicy(resource=NAME, body={"policy": policy}).execute()
        except googleapiclient.errors.HttpError as error:
            if error.status_code == 409:
                return None
            raise

    again(name, attempt)
    return {member(name)}


def gcloud_writer(name):
    def attempt():
        done = subprocess.run(
            ["gcloud", "iam", "service-accounts", "add-iam-policy-binding", TARGET]
            + ["--project=data-vault", f"--member={member(name)}", f"--role={ROLE}"]
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

    again(name, attempt)
    return {member(name)}


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


def bindscope_writer(name, home, keep):
    def attempt(*arguments):
        done = bindscope(home, *arguments)
        if done.returncode == 0:
            return json.loads(done.stdout)
        assert "changed by others each time" in done.stderr, f"{name}: {done.stderr}"
        return None

    fix = ["fix", "--caller", member(name), "--target", TARGET, "--yes"]
    fixed = again(name, lambda: attempt(*fix))
    assert fixed["applied"] is True, fixed
    if keep:
        return {member(name)}
    undone = again(name, lambda: attempt("undo", fixed["history"]))
    assert undone["undone"] is True, undone
    return set()


def main():
    accounts = service().projects().serviceAccounts()
    before = read(accounts)
    with_gcloud = shutil.which("gcloud") is not None
    if not with_gcloud:
        print("  gcloud is not installed: Python writes in its place")
    with tempfile.TemporaryDirectory() as home, concurrent.futures.ThreadPoolExecutor(16) as pool:
        work = [
            pool.submit(gcloud_writer if with_gcloud else python_writer, f"gcloud-{i}")
            for i in range(3)
        ]
        work += [pool.submit(python_writer, f"python-{i}") for i in range(6)]
        work += [pool.submit(bindscope_writer, f"bindscope-{i}", home, i % 2 == 0) for i in range(7)]
        assert len(work) == 16
        wanted = set().union(*(job.result() for job in work))
        history = json.loads(bindscope(home, "history").stdout)
    after = read(accounts)
    ours = [b for b in after["bindings"] if b["role"] == ROLE]
    rest = [b for b in after["bindings"] if b["role"] != ROLE]
    assert len(ours) == 1, ours
    assert sorted(ours[0]["members"]) == sorted(wanted), (ours, wanted)
    assert rest == before["bindings"], (rest, before)
    assert after.get("auditConfigs") == before.get("auditConfigs"), after
    assert history["skippedLines"] == 0, history
    states = [change["state"] for change in history["changes"]]
    assert states.count("APPLIED") == 4 and states.count("UNDONE") == 3, states
    assert not {"PLANNED", "UNDOING"} & set(states), states
    print(f"  {len(wanted)} members of 16 writers are there, and nothing that was taken back")


if __name__ == "__main__":
    try:
        main()
    except AssertionError as error:
        sys.exit(f"writers: {error}")
