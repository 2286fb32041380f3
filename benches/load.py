#!/usr/bin/env python3
"""The emulator under load, with wrk on loopback: getIamPolicy of one account, as the administrator and as
a principal whose right to read is judged from the estate at every request.

    benches/load.py target/release/bindscope [--requests 1000000] [--seconds 300] [--at-least 5000]

Prints requests a second, the median and the 99th percentile of wrk's latencies, and the emulator's
resident memory before, in between and after. wrk takes a time and no count, so it runs in slices, in turn
as both, until --requests are through; --seconds bounds the whole. An answer other than 200, an error of a
connection, or too few requests in that time is a failure, as are fewer than --at-least requests a second
and a growth of memory by more than --growth KiB from the first slices to the last. wrk and the emulator
share the machine's cores. Needs Linux (/proc) and wrk.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

TARGET = "bq-privileged@data-vault.iam.gserviceaccount.com"
PATH = f"/v1/projects/data-vault/serviceAccounts/{TARGET}:getIamPolicy?options.requestedPolicyVersion=3"
# Holds roles/iam.serviceAccountAdmin on TARGET, and with it iam.serviceAccounts.getIamPolicy.
READER = "serviceAccount:ci-deployer@ops-tools.iam.gserviceaccount.com"
# Is in the estate and may not read that policy.
STRANGER = "serviceAccount:run-processor@app-prod.iam.gserviceaccount.com"
CONNECTIONS = 32
SLICE_SECONDS = 5


def emulator(binary):
    """The running process, its base URL and the administrator's token."""
    process = subprocess.Popen(
        [binary, "emulator", "--demo", "cross-project", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    base = process.stdout.readline().strip().rstrip("/")
    for line in process.stdout:
        found = re.fullmatch(r"export CLOUDSDK_AUTH_ACCESS_TOKEN_FILE=(\S+)\s*", line)
        if found:
            with open(found.group(1), encoding="utf-8") as file:
                return process, base, file.read().strip()
    process.kill()
    sys.exit("the emulator printed no line with the administrator's token file")


def once(base, token):
    """Status and JSON of one request."""
    request = urllib.request.Request(
        base + PATH, data=b"{}", headers={"Authorization": f"Bearer {token}"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def memory(process):
    """The resident memory in KiB."""
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        return int(re.search(r"^VmRSS:\s+(\d+) kB$", file.read(), re.MULTILINE).group(1))


def milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def wrk(base, script):
    """One slice: requests, requests a second, the median and the 99th percentile in milliseconds."""
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SLICE_SECONDS}s", "--latency"]
    done = subprocess.run(
        [*command, "-s", script, base + PATH],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SLICE_SECONDS * 6,
        check=False,
    )
    out = done.stdout
    if done.returncode != 0 or "Non-2xx" in out or "Socket errors" in out:
        sys.exit(f"wrk: exit {done.returncode}\n{out}{done.stderr}")
    count = int(re.search(r"(\d+) requests in", out).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1))
    half, most = (
        milliseconds(re.search(rf"^\s+{percent}%\s+(\S+)$", out, re.MULTILINE).group(1))
        for percent in (50, 99)
    )
    return count, rate, half, most


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("binary")
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--at-least", type=float)
    parser.add_argument("--growth", type=int)
    asked = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk (https://github.com/wg/wrk)")
    process, base, administrator = emulator(os.path.abspath(asked.binary))
    who = {"administrator": administrator, "enforced": READER}
    try:
        with tempfile.TemporaryDirectory() as folder:
            results, rss, total = load(process, base, who, folder, asked)
    finally:
        process.terminate()
        process.wait()
    failed = []
    for name, slices in results.items():
        seconds = SLICE_SECONDS * len(slices)
        rates = sorted(rate for _, rate, _, _ in slices)
        middle = rates[len(rates) // 2]
        print(
            f"{name:<14} {sum(s[0] for s in slices):>9} requests in {seconds:>3} s: median of slices"
            f" {middle:8.0f}/s ({rates[0]:.0f} to {rates[-1]:.0f}),"
            f" half within {max(s[2] for s in slices):.2f} ms, 99 % within {max(s[3] for s in slices):.2f} ms"
        )
        if asked.at_least is not None and middle < asked.at_least:
            failed.append(f"{name}: fewer than {asked.at_least:.0f} requests a second")
    begun, warm, end = rss[0], rss[min(2, len(rss) - 1)], rss[-1]
    print(
        f"memory         VmRSS {begun} KiB at first, {warm} after a slice of each, {end} after"
        f" {total} requests (at most {max(rss)})"
    )
    if total < asked.requests:
        failed.append(f"{total} of {asked.requests} requests in {asked.seconds:.0f} s")
    if asked.growth is not None and end - warm > asked.growth:
        failed.append(f"memory grew by more than {asked.growth} KiB")
    if failed:
        sys.exit("\n".join(failed))


def load(process, base, who, folder, asked):
    """wrk's slices by principal, the memory before the first and after each, and all requests."""
    for name, token in who.items():
        status, policy = once(base, token)
        if status != 200 or not policy.get("bindings"):
            sys.exit(f"{name}: {status} and no policy with bindings: {policy}")
    if once(base, STRANGER)[0] != 403:
        sys.exit(f"nothing is enforced: {STRANGER} may read")
    scripts = {}
    for name, token in who.items():
        scripts[name] = os.path.join(folder, f"{name}.lua")
        with open(scripts[name], "w", encoding="utf-8") as file:
            file.write(
                'wrk.method = "POST"\nwrk.body = "{}"\n'
                'wrk.headers["Content-Type"] = "application/json"\n'
                f'wrk.headers["Authorization"] = "Bearer {token}"\n'
            )
    results, rss, total = {name: [] for name in who}, [memory(process)], 0
    end = time.monotonic() + asked.seconds
    while total < asked.requests and time.monotonic() + SLICE_SECONDS * len(who) < end:
        for name, script in scripts.items():
            results[name].append(wrk(base, script))
            total += results[name][-1][0]
            rss.append(memory(process))
    if not total:
        sys.exit(f"{asked.seconds:.0f} seconds are too few for a slice of each")
    return results, rss, total


if __name__ == "__main__":
    main()
