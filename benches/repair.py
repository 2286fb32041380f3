#!/usr/bin/env python3
"""Whole processes against each other on one emulator: `bindscope fix --yes` (survey, explanation,
plan, right to write, journal, write, read-back, verification) and `gcloud iam service-accounts
add-iam-policy-binding` (read, write).

    benches/repair.py target/release/bindscope [--runs 15] [--at-least 30]

Prints both medians and their ratio; with --at-least a smaller ratio is a failure. Both run in turn, so
that what else the machine does falls on both. Needs gcloud, and nothing of Google's.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TARGET = "bq-privileged@data-vault.iam.gserviceaccount.com"
ROLE = "roles/iam.serviceAccountTokenCreator"


def timed(command, env):
    begun = time.perf_counter()
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - begun
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return took, done.stdout


def emulator(binary):
    process = subprocess.Popen(
        [binary, "emulator", "--demo", "cross-project", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    base = process.stdout.readline().strip()
    given = {}
    while "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDRESOURCEMANAGER" not in given:
        line = process.stdout.readline()
        found = re.fullmatch(r"export ([A-Z_]+)=(\S+)\s*", line)
        if not found:
            sys.exit(f"the emulator printed no environment line but: {line!r}")
        given[found.group(1)] = found.group(2)
    return process, base, given


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--at-least", type=float)
    asked = parser.parse_args()
    gcloud = shutil.which("gcloud")
    if gcloud is None:
        sys.exit("gcloud is not installed: there is nothing to compare with")
    binary = os.path.abspath(asked.binary)
    process, base, given = emulator(binary)
    with tempfile.TemporaryDirectory() as home:
        plain = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDSDK_")}
        plain |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        theirs = plain | given
        theirs |= {
            "CLOUDSDK_CONFIG": f"{home}/gcloud",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
            "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "true",
        }
        ours = plain | {"XDG_STATE_HOME": home, "HOME": home}
        times = {"bindscope": [], "gcloud": []}
        try:
            # The first of each warms the disk's cache and is not counted.
            for run in range(asked.runs + 1):
                command = [binary, "fix", "--caller", f"user:b{run}@example.com"]
                command += ["--target", TARGET, "--yes", "--format", "json", "--endpoint", base]
                command += ["--access-token-file", given["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]]
                took, out = timed(command, ours)
                if json.loads(out)["applied"] is not True:
                    sys.exit(f"bindscope applied nothing: {out}")
                times["bindscope"].append(took)
                command = [gcloud, "iam", "service-accounts", "add-iam-policy-binding", TARGET]
                command += ["--project=data-vault", f"--member=user:g{run}@example.com"]
                command += [f"--role={ROLE}", "--format=json"]
                took, out = timed(command, theirs)
                if f"user:g{run}@example.com" not in out:
                    sys.exit(f"gcloud applied nothing: {out}")
                times["gcloud"].append(took)
        finally:
            process.terminate()
            process.wait()
    medians = {name: statistics.median(list_[1:]) for name, list_ in times.items()}
    for name, median in medians.items():
        print(f"{name:<10} median of {asked.runs}: {median * 1000:8.1f} ms")
    ratio = medians["gcloud"] / medians["bindscope"]
    print(f"ratio      {ratio:.1f}")
    if asked.at_least is not None and ratio < asked.at_least:
        sys.exit(f"slower than {asked.at_least} times gcloud's speed")


if __name__ == "__main__":
    main()
