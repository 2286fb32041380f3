"""What bindscope prints for people to run with gcloud, pasted into a shell as it stands: the real
gcloud takes it, and what it does is what was shown.

Environment: BINDSCOPE, the program; gcloud on PATH. Each story has an emulator of its own.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

BINDSCOPE = os.environ["BINDSCOPE"]
INDEX = pathlib.Path(__file__).parents[2] / "assets/estates/index.json"
SHELLS = [shell for shell in ("sh", "bash", "zsh") if shutil.which(shell)]
# A grant, one with a condition beside, one that takes another's place, one for a federated caller, one of
# two hops, and what is turned on or brought back; the options that `fix` is given besides.
STORIES = [
    ("cross-project", []),
    ("cross-project", ["--expires", "2h"]),
    ("conditional", []),
    ("typo", []),
    ("github", []),
    ("delegation", []),
    ("default-account", []),
    ("disabled", []),
    ("caller-disabled", []),
    ("api-off", []),
    ("target-deleted", []),
    ("boundary", []),
    ("denied", []),
]


class Emulator:
    def __init__(self, name):
        self.process = subprocess.Popen(
            [BINDSCOPE, "emulator", "--demo", name, "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.base = self.process.stdout.readline().strip()
        assert self.base.startswith("http://"), self.base
        self.environment = {}
        while "CLOUDSDK_API_ENDPOINT_OVERRIDES_ORGPOLICY" not in self.environment:
            line = self.process.stdout.readline()
            found = re.fullmatch(r"export ([A-Z0-9_]+)=(\S+)\s*", line)
            assert found, line
            self.environment[found.group(1)] = found.group(2)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def ask(emulator, home, story, command, *more):
    arguments = [command, "--caller", story["caller"], "--target", story["target"]]
    arguments += ["--permission", story["permission"]]
    for hop in story.get("via", []):
        arguments += ["--via", hop]
    for name, value in story.get("attributes", {}).items():
        arguments += ["--attribute", f"{name}={value}"]
    arguments += ["--endpoint", emulator.base, *more]
    token = emulator.environment["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]
    return subprocess.run(
        [BINDSCOPE, *arguments, "--access-token-file", token],
        env={**os.environ, "XDG_STATE_HOME": home, "HOME": home},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def commands(text):
    """Each command of a page: a line that begins with gcloud, with those that it goes on in."""
    found, lines = [], text.splitlines()
    for i, line in enumerate(lines):
        if not line.lstrip().startswith("gcloud ") or (i and lines[i - 1].endswith("&&")):
            continue
        whole = [line.strip()]
        # A command of two steps goes on behind `&&`; one that is edited between, behind a `:` line.
        while whole[-1].endswith("&&") or lines[i + len(whole)].lstrip().startswith(": '"):
            whole.append(lines[i + len(whole)].strip())
            if whole[-1].startswith(": '"):
                whole.append(lines[i + len(whole)].strip())
        found.append("\n".join(whole))
    unique = list(dict.fromkeys(found))
    # The second half of what is edited between stands in the first.
    return [c for c in unique if not any(c != other and c in other for other in unique)]


def tell(name, more, number):
    story = next(s for s in json.loads(INDEX.read_text(encoding="utf-8")) if s["name"] == name)
    with Emulator(name) as emulator, tempfile.TemporaryDirectory() as home:
        before = json.loads(ask(emulator, home, story, "explain", "--format", "json").stdout)
        page = ask(emulator, home, story, "fix", "--dry-run", *more).stdout
        if before["troubleshoot"]["overallAccessState"] == "CAN_ACCESS" or not story["repairable"]:
            page += ask(emulator, home, story, "explain").stdout
        lines = commands(page)
        assert lines, page
        shell = SHELLS[number % len(SHELLS)]
        config = pathlib.Path(home) / "gcloud"
        config.mkdir()
        for line in lines:
            print(f"  {shell}: {line}")
            if log := os.environ.get("GCLOUD_LOG"):
                with open(log, "a", encoding="utf-8") as file:
                    for each in re.findall(r"gcloud (.*)", line):
                        file.write(f"{each}\n")
            ran = subprocess.run(
                [shell, "-c", line],
                env={
                    **os.environ,
                    **emulator.environment,
                    "CLOUDSDK_CONFIG": str(config),
                    "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
                    "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
                    "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
                },
                cwd=home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
            assert ran.returncode == 0, f"{line}: exit {ran.returncode}\n{ran.stderr}"
        after = json.loads(ask(emulator, home, story, "explain", "--format", "json").stdout)
        kinds = [[cause["kind"] for cause in answer["causes"]] for answer in (before, after)]
        assert before["outcome"] == "WOULD_FAIL", before["outcome"]
        if name == "denied":
            # What has to be edited first changes nothing as it stands.
            assert kinds[0] == kinds[1] == ["DENIED"], kinds
        elif name == "target-deleted":
            # It is there again, and the grant in the story stands in the wrong place.
            assert kinds == [["TARGET_DELETED"], ["GRANT_ON_CALLERS_PROJECT"]], kinds
        else:
            assert after["outcome"] == "WOULD_SUCCEED", f"{lines}: {after['outcome']}: {after['causes']}"


if __name__ == "__main__":
    for number, (name, more) in enumerate(STORIES):
        try:
            tell(name, more, number)
        except AssertionError as error:
            sys.exit(f"{name}: {error}")
        print(f"  {name}: what was printed did what was shown")
