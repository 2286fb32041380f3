#!/usr/bin/env python3
"""A verdict and a repair over a slow line, beside the gcloud commands that gather the same facts.

    benches/trips.py target/release/bindscope [--runs 5] [--latency 0,50,200] [--depth 3,8] [--gcloud]

Serves an estate whose caller and target stand below chains of folders of their own, with a custom role, a
boundary and deny policies on the way, and has every answer wait for the latency. Prints requests, dependent
trips (what a run takes longer than at 0 ms, in latencies), and the median wall time of whole processes:
`explain` first, then `fix --yes`, each on an estate of its own in which the role stands on the caller's project.
With --gcloud the commands that ask for the same run beside it, one after the other as a person's would; nothing of
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


def environments(given, home):
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
    return ours, theirs


def asking(binary, command, base, given):
    asked = [binary, *command, "--caller", CALLER, "--target", TARGET, "--format", "json"]
    return asked + ["--endpoint", base, "--access-token-file", given["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"]]


def lines(file):
    if not os.path.exists(file):
        return 0
    with open(file, encoding="utf-8") as text:
        return sum(1 for _ in text)


def ended(process):
    process.terminate()
    process.wait()


def explained(binary, depth, latency, runs, gcloud, home):
    file, record = f"{home}/estate-{depth}.json", f"{home}/record"
    with open(file, "w", encoding="utf-8") as out:
        json.dump(estate(depth), out)
    process, base, given = emulator(binary, file, latency, record)
    ours, theirs = environments(given, home)
    command = asking(binary, ["explain"], base, given)
    try:
        before = lines(record)
        times = []
        # The first warms the disk's cache and is not counted.
        for _ in range(runs + 1):
            took, out = timed(command, ours)
            if json.loads(out)["verdict"] != "CAN_ACCESS":
                sys.exit(f"another verdict than CAN_ACCESS: {out}")
            times.append(took)
        asked = (lines(record) - before) // (runs + 1)
        theirs_took, theirs_count = None, 0
        if gcloud:
            commands = gathering(gcloud, depth)
            theirs_took = sum(timed(c, theirs)[0] for c in commands)
            theirs_count = len(commands)
    finally:
        ended(process)
        os.path.exists(record) and os.remove(record)
    return asked, statistics.median(times[1:]), theirs_took, theirs_count


def fixed(binary, depth, latency, runs, home):
    """Each run mends an estate of its own."""
    world = estate(depth)
    members = {"role": "roles/iam.serviceAccountTokenCreator", "members": [f"serviceAccount:{CALLER}"]}
    world["iamPolicies"] = {
        "//cloudresourcemanager.googleapis.com/projects/tern-ci": {"bindings": [members]}
    }
    file, record = f"{home}/broken-{depth}.json", f"{home}/record"
    with open(file, "w", encoding="utf-8") as out:
        json.dump(world, out)
    times, asked = [], 0
    for _ in range(runs + 1):
        process, base, given = emulator(binary, file, latency, record)
        try:
            ours, _ = environments(given, home)
            took, out = timed(asking(binary, ["fix", "--yes"], base, given), ours)
            answer = json.loads(out)
            if not answer["applied"] or answer["verifiedBy"] != "a real token was minted":
                sys.exit(f"not mended, or not proven: {out}")
            times.append(took)
            asked = lines(record)
        finally:
            ended(process)
            os.path.exists(record) and os.remove(record)
    return asked, statistics.median(times[1:])


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
    latencies = list(map(int, asked.latency.split(",")))
    depths = list(map(int, asked.depth.split(",")))

    def trips(took, at_once, latency):
        return f"{(took - at_once) * 1000 / latency:.1f}" if latency else ""

    def limit(trips, latency):
        return f"{trips * latency * 1.25:.0f} ms" if latency else ""

    with tempfile.TemporaryDirectory() as home:
        print("| folders | latency | requests | trips | explain | 1.25 × 3 × latency | gcloud | its commands |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for depth in depths:
            at_once = None
            for latency in latencies:
                requests, took, theirs, count = explained(
                    binary, depth, latency, asked.runs, gcloud, home
                )
                at_once = took if at_once is None else at_once
                other = f"{theirs:.1f} s" if theirs is not None else ""
                print(
                    f"| {depth} | {latency} ms | {requests} | {trips(took, at_once, latency)} |"
                    f" {took * 1000:.0f} ms | {limit(3, latency)} | {other} | {count or ''} |",
                    flush=True,
                )
        print()
        print("| folders | latency | requests | trips | fix --yes | 1.25 × 5 × latency |")
        print("| --- | --- | --- | --- | --- | --- |")
        for depth in depths:
            at_once = None
            for latency in latencies:
                requests, took = fixed(binary, depth, latency, asked.runs, home)
                at_once = took if at_once is None else at_once
                print(
                    f"| {depth} | {latency} ms | {requests} | {trips(took, at_once, latency)} |"
                    f" {took * 1000:.0f} ms | {limit(5, latency)} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
