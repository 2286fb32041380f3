"""Every built-in story that a grant mends, proven by google.auth with the caller's own identity:
refused, then `bindscope fix --yes --wait`, then a real token, then `bindscope undo`, then refused.
Where the outcome is unknown to whoever looks, it may be granted all along.

Environment: BINDSCOPE, the program. Each story has an emulator of its own, in which a new policy
takes its time to count.
"""

import itertools
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import google.oauth2.credentials
from google.auth import exceptions, impersonated_credentials
from google.auth.transport.requests import Request

BINDSCOPE = os.environ["BINDSCOPE"]
INDEX = pathlib.Path(__file__).parents[2] / "assets/estates/index.json"
PERMISSION = "iam.serviceAccounts.getAccessToken"
# How many more tokens may come after a change was taken back: far more than fit into the emulator's delay,
# so that what never ends is told from what takes its time.
LATE = 60_000


class Emulator:
    def __init__(self, name):
        self.process = subprocess.Popen(
            [BINDSCOPE, "emulator", "--demo", name, "--port", "0", "--propagation", "1500ms"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.base = self.process.stdout.readline().strip()
        assert self.base.startswith("http://"), self.base
        line = self.process.stdout.readline()
        found = re.fullmatch(r"export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=(\S+)\s*", line)
        assert found, line
        self.token_file = found.group(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def bindscope(emulator, home, *arguments):
    done = subprocess.run(
        [BINDSCOPE, *arguments, "--format", "json", "--endpoint", emulator.base]
        + ["--access-token-file", emulator.token_file],
        env={**os.environ, "XDG_STATE_HOME": home, "HOME": home},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stderr}"
    return json.loads(done.stdout)


def credentials(emulator, story):
    target = story["target"]
    return impersonated_credentials.Credentials(
        source_credentials=google.oauth2.credentials.Credentials(token=story["caller"]),
        target_principal=target,
        target_scopes=["https://www.googleapis.com/auth/cloud-platform"],
        lifetime=600,
        iam_endpoint_override=f"{emulator.base}/v1/projects/-/serviceAccounts/{target}:generateAccessToken",
    )


def is_refused(emulator, story):
    try:
        credentials(emulator, story).refresh(Request())
    except exceptions.RefreshError as error:
        assert PERMISSION in str(error.args), error.args
        return True
    return False


def tell(story):
    with Emulator(story["name"]) as emulator, tempfile.TemporaryDirectory() as home:
        # Where something could not be read the call may well succeed as it is.
        fails = story["expectOutcome"] == "WOULD_FAIL"
        if fails:
            assert is_refused(emulator, story), "a token before anything was granted"
        pair = ["--caller", story["caller"], "--target", story["target"]]
        fixed = bindscope(emulator, home, "fix", *pair, "--yes", "--wait", "60s")
        assert fixed["applied"] is True and fixed["history"], fixed
        proof = credentials(emulator, story)
        proof.refresh(Request())
        assert proof.token, "no token after the wait was over"
        undone = bindscope(emulator, home, "undo", fixed["history"])
        assert undone["undone"] is True, undone
        # Asked until the answer is the other one: nothing else tells when a policy counts.
        asked = itertools.takewhile(lambda _: fails and not is_refused(emulator, story), range(LATE))
        assert sum(1 for _ in asked) < LATE, "still a token after the undo"


if __name__ == "__main__":
    stories = [
        story
        for story in json.loads(INDEX.read_text(encoding="utf-8"))
        if story["repairable"]
        and story["permission"] == PERMISSION
        # google.auth has no user to act as, and no token of a pool to exchange here.
        and story["caller"].startswith("serviceAccount:")
    ]
    assert len(stories) >= 8, stories
    for story in stories:
        try:
            tell(story)
        except AssertionError as error:
            sys.exit(f"{story['name']}: {error}")
        print(f"  {story['name']}: granted, proven, taken back")
