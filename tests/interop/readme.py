"""The README's section "Test your own code against it", run as it is printed: the Python example before and
after the fix, the lines for CI around a test, and the question that fails a job.

Environment: BASE_URL, CLOUDSDK_AUTH_ACCESS_TOKEN_FILE with the administrator's token, and BINDSCOPE, the
program. The emulator serves the estate of the story.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import requests

ROOT = pathlib.Path(__file__).parents[2]
SECTION = "## Test your own code against it"
TARGET = "bq-privileged@data-vault.iam.gserviceaccount.com"
CALLER = "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com"
REFUSAL = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
PATIENCE = 120


def blocks(language, mark):
    """The code blocks of the section that hold the mark; there must be one."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split(SECTION, 1)[1].split("\n## ", 1)[0]
    found = [code for kind, code in re.findall(r"```(\w+)\n(.*?)```", section, re.DOTALL) if kind == language]
    found = [code for code in found if mark in code]
    assert len(found) == 1, f"expected one block of {language} with {mark!r} in the section, found {len(found)}"
    return found[0]


def run(command, **options):
    # Whatever was started in the background holds these pipes: the call ends when all of it has.
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL, **options
    )


def admin(verb, **body):
    with open(os.environ["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"], encoding="utf-8") as file:
        token = file.read().strip()
    url = f"{os.environ['BASE_URL']}/v1/projects/data-vault/serviceAccounts/{TARGET}:{verb}"
    answer = requests.post(url, headers={"Authorization": f"Bearer {token}"}, json=body, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def python_example(code):
    env = {**os.environ, "BINDSCOPE_URL": os.environ["BASE_URL"]}
    before = run([sys.executable, "-c", code], env=env)
    assert before.returncode == 1, before
    said = before.stderr.replace("\\'", "'")
    assert "RefreshError" in said and REFUSAL in said, before.stderr
    policy = admin("getIamPolicy")
    policy["bindings"].append({"role": "roles/iam.serviceAccountTokenCreator", "members": [CALLER]})
    admin("setIamPolicy", policy=policy)
    after = run([sys.executable, "-c", code + "\nprint(len(credentials.token))"], env=env)
    assert after.returncode == 0 and int(after.stdout) > 20, after
    print("  the Python example: Google's own 403, and a token once the binding is there")


def ci_example(lines, code, folder):
    """The lines start the emulator, run the tests in the folder and stop it; the exit code is pytest's."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "bindscope").symlink_to(os.environ["BINDSCOPE"])
    pytest = tools / "pytest"
    pytest.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pytest "$@"\n', encoding="utf-8")
    pytest.chmod(0o755)
    shutil.copy(ROOT / "assets/estates/cross-project.json", folder / "estate.json")
    env = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    del env["BASE_URL"]
    app = folder / "app.py"
    app.write_text(f"def refresh():\n{re.sub('^', '    ', code, flags=re.MULTILINE)}", encoding="utf-8")
    test = folder / "test_app.py"
    test.write_text(
        "import app, google.auth.exceptions, os, pytest\n"
        "def test_it_is_refused_for_now():\n"
        "    with pytest.raises(google.auth.exceptions.RefreshError, match='getAccessToken'):\n"
        "        app.refresh()\n"
        "def test_it_is_another_emulator():\n"
        f"    assert os.environ['BINDSCOPE_URL'].rstrip('/') != {os.environ['BASE_URL']!r}\n",
        encoding="utf-8",
    )
    done = run(["bash", "-c", lines], cwd=folder, env=env)
    assert done.returncode == 0 and "2 passed" in done.stdout, done
    test.write_text("def test_it_works():\n    import app\n    app.refresh()\n", encoding="utf-8")
    done = run(["bash", "-c", lines], cwd=folder, env=env)
    assert done.returncode == 1 and "1 failed" in done.stdout, done
    print("  the lines for CI: an emulator beside the tests, stopped after them, their exit code")
    return env


def question(lines, folder, env):
    done = run(["bash", "-c", lines], cwd=folder, env=env)
    assert done.returncode == 1 and "FAIL" in done.stdout.upper(), done
    print("  the question: exit code 1, and the reason")


if __name__ == "__main__":
    example = blocks("python", "impersonated_credentials")
    python_example(example)
    with tempfile.TemporaryDirectory() as name:
        place = pathlib.Path(name)
        environment = ci_example(blocks("sh", "pytest"), example, place)
        question(blocks("sh", "bindscope explain"), place, environment)
