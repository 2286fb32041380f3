#!/usr/bin/env python3
"""A verdict over a slow line: `bindscope explain` beside the gcloud commands that gather the same facts.

    benches/trips.py target/release/bindscope [--runs 5] [--latency 0,50,200] [--depth 3,8] [--gcloud]

Serves an estate whose caller and target stand below chains of folders of their own, with a custom role, a
boundary and deny policies on the way, and has every answer wait for the latency. Prints requests, dependent
trips (what a run takes longer than at 0 ms, in latencies), and the median wall time of whole processes. With
--gcloud the commands that ask for the same run beside it, one after the other as a person's would; nothing of
Google's is reached. gcloud has no command for a page of what is bound where, so each level is a command.
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

CALLER = "runner@tern-ci.iam.gserviceaccount.com"
TARGET = "ledger@tern-data.iam.gserviceaccount.com"


def timed(command, env, ends=(0,)):
    begun = time.perf_counter()
    done = subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - begun
    if done.returncode not in ends:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    return took, done.stdout


def estate(depth):
    """As `tests/survey_trips.rs` has it."""
    folders = []
    for first in (2000, 3000):
        for level in range(depth):
            parent = f"folders/{first + level - 1}" if level else "organizations/1001"
            folders.append({"name": f"folders/{first + level}", "parent": parent, "state": "ACTIVE"})

    def account(project, email, unique):
        name = f"projects/{project}/serviceAccounts/{email}"
        return {"name": name, "projectId": project, "uniqueId": unique, "email": email}

    def deny(level):
        rule = {
            "deniedPrincipals": ["principal://goog/subject/eve@example.com"],
            "deniedPermissions": ["iam.googleapis.com/serviceAccounts.getAccessToken"],
        }
        name = f"policies/cloudresourcemanager.googleapis.com%2F{level}/denypolicies/d"
        return {"name": name, "rules": [{"denyRule": rule}]}

    organization = "//cloudresourcemanager.googleapis.com/organizations/1001"
    boundary = "organizations/1001/locations/global/principalAccessBoundaryPolicies/ours"
    last = depth - 1
    return {
        "organizations": [{"name": "organizations/1001", "displayName": "tern.example"}],
        "folders": folders,
        "projects": [
            {"name": "projects/7001", "projectId": "tern-ci", "parent": f"folders/{2000 + last}"},
            {"name": "projects/7002", "projectId": "tern-data", "parent": f"folders/{3000 + last}"},
        ],
        "serviceAccounts": [account("tern-ci", CALLER, "117"), account("tern-data", TARGET, "118")],
        "iamPolicies": {
            organization: {
                "bindings": [
                    {
                        "role": "organizations/1001/roles/tokenMinter",
                        "members": [f"serviceAccount:{CALLER}"],
                    }
                ]
            }
        },
        "roles": [
            {
                "name": "organizations/1001/roles/tokenMinter",
                "title": "Token minter",
                "includedPermissions": ["iam.serviceAccounts.getAccessToken"],
                "stage": "GA",
            }
        ],
        "denyPolicies": [deny("projects%2Ftern-data"), deny("folders%2F3000"), deny("organizations%2F1001")],
        "principalAccessBoundaryPolicies": [
            {
                "name": boundary,
                "details": {
                    "rules": [{"resources": [organization], "effect": "ALLOW"}],
                    "enforcementVersion": "3",
                },
            }
        ],
        "policyBindings": [
            {
                "name": "organizations/1001/locations/global/policyBindings/ours-everyone",
                "target": {"principalSet": organization},
                "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
                "policy": boundary,
            }
        ],
    }


def emulator(binary, file, latency, record):
    process = subprocess.Popen(
        [binary, "emulator", "--estate", file, "--port", "0", "--latency", f"{latency}ms"]
        + ["--record", record],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    base = process.stdout.readline().strip()
    given = {}
    while "CLOUDSDK_API_ENDPOINT_OVERRIDES_ORGPOLICY" not in given:
        line = process.stdout.readline()
        found = re.fullmatch(r"export ([A-Z_]+)=(\S+)\s*", line)
        if not found:
            sys.exit(f"the emulator printed no environment line but: {line!r}")
        given[found.group(1)] = found.group(2)
    return process, base, given


def gathering(gcloud, depth):
    """The commands that read what `explain` reads, as far as gcloud has any."""
    commands = []
    for project, email, first in (("tern-ci", CALLER, 2000), ("tern-data", TARGET, 3000)):
        commands.append(["iam", "service-accounts", "describe", email, f"--project={project}"])
        commands.append(["iam", "service-accounts", "get-iam-policy", email, f"--project={project}"])
        commands.append(["projects", "get-ancestors-iam-policy", project])
        points = [f"cloudresourcemanager.googleapis.com/projects/{project}"]
        points += [f"cloudresourcemanager.googleapis.com/folders/{first + n}" for n in range(depth)]
        if project == "tern-data":
            points.append("cloudresourcemanager.googleapis.com/organizations/1001")
            for point in points:
                commands.append(
                    ["iam", "policies", "list", "--kind=denypolicies", f"--attachment-point={point}"]
                )
        else:
            commands.append(["iam", "policy-bindings", "list", "--organization=1001", "--location=global"])
            commands.append(["services", "list", f"--project={project}"])
    commands.append(["iam", "roles", "describe", "tokenMinter", "--organization=1001"])
    return [[gcloud, *command, "--format=json"] for command in commands]


def measured(binary, depth, latency, runs, gcloud, home):
    file, record = f"{home}/estate-{depth}.json", f"{home}/record"
    with open(file, "w", encoding="utf-8") as out:
        json.dump(estate(depth), out)
    process, base, given = emulator(binary, file, latency, record)
    plain = {k: v for k, v in os.environ.items() if not k.startswith("CLOUDSDK_")}
    plain |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    ours = plain | {"XDG_STATE_HOME": home, "HOME": home}
    theirs = plain | given
    theirs |= {
        "CLOUDSDK_CONFIG": f"{home}/gcloud",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "true",
        "CLOUDSDK_SURVEY_DISABLE_PROMPTS": "true",
    }
    command = [binary, "explain", "--caller", CALLER, "--target", TARGET, "--format", "json"]
    command += ["--endpoint", base, "--access-token-file", given["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]]

    def requests():
        with open(record, encoding="utf-8") as lines:
            return sum(1 for _ in lines)

    try:
        before = requests() if os.path.exists(record) else 0
        times = []
        # The first warms the disk's cache and is not counted.
        for _ in range(runs + 1):
            took, out = timed(command, ours)
            if json.loads(out)["verdict"] != "CAN_ACCESS":
                sys.exit(f"another verdict than CAN_ACCESS: {out}")
            times.append(took)
        asked = (requests() - before) // (runs + 1)
        theirs_took, theirs_count = None, 0
        if gcloud:
            commands = gathering(gcloud, depth)
            theirs_took = sum(timed(c, theirs)[0] for c in commands)
            theirs_count = len(commands)
    finally:
        process.terminate()
        process.wait()
        os.path.exists(record) and os.remove(record)
    return asked, statistics.median(times[1:]), theirs_took, theirs_count


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("binary")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--latency", default="0,50,200")
    parser.add_argument("--depth", default="3,8")
    parser.add_argument("--gcloud", action="store_true")
    asked = parser.parse_args()
    gcloud = shutil.which("gcloud")
    if asked.gcloud and gcloud is None:
        sys.exit("gcloud is not installed: there is nothing to compare with")
    gcloud = gcloud if asked.gcloud else None
    binary = os.path.abspath(asked.binary)
    print("| folders | latency | requests | trips | bindscope | gcloud | its commands |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as home:
        for depth in map(int, asked.depth.split(",")):
            at_once = None
            for latency in map(int, asked.latency.split(",")):
                requests, took, theirs, count = measured(
                    binary, depth, latency, asked.runs, gcloud, home
                )
                at_once = took if at_once is None else at_once
                trips = f"{(took - at_once) * 1000 / latency:.1f}" if latency else ""
                other = f"{theirs:.1f} s" if theirs is not None else ""
                print(
                    f"| {depth} | {latency} ms | {requests} | {trips} | {took * 1000:.0f} ms | {other} |"
                    f" {count or ''} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
