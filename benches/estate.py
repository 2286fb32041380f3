#!/usr/bin/env python3
"""A whole estate as a file: how long it takes to read it and to answer, beside jq on the same file.

    benches/estate.py target/release/bindscope FILE --target EMAIL --caller MEMBER [--runs 5]

Runs whole processes in turn: `jq -c .`, which reads and writes the file and understands nothing of it, and
`explain`, `who`, `reach` and `review` with --format json. Prints the median of wall and processor time, the most
memory that a run held, and jq's time as a multiple. FILE is an estate file or a Cloud Asset Inventory export,
not packed. Needs Linux and jq.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time


def once(command):
    """Wall and processor time in seconds, and memory in MB, of one process."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - begun
    code = os.waitstatus_to_exitcode(status)
    # 1 is "no" and 3 "not known": answers.
    if code not in (0, 1, 3):
        sys.exit(f"{' '.join(command)}: exit {code}")
    return took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("file")
    parser.add_argument("--target", required=True)
    parser.add_argument("--caller", required=True)
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    if not shutil.which("jq"):
        sys.exit("jq is missing: it is what reading is compared with")
    ask = [given.binary, "--estate", given.file, "--format", "json"]
    pair = ["--caller", given.caller, "--target", given.target]
    commands = {
        "jq -c .": ["jq", "-c", ".", given.file],
        "explain": [*ask, "explain", *pair],
        "who": [*ask, "who", "--target", given.target],
        "reach": [*ask, "reach", "--caller", given.caller],
        "review": [*ask, "review"],
    }
    runs = {name: [] for name in commands}
    for _ in range(given.runs):
        for name, command in commands.items():
            runs[name].append(once(command))
    size = os.path.getsize(given.file) / 1e6
    print(f"{given.file}: {size:.0f} MB, medians of {given.runs} runs")
    print(f"{'command':<10} {'wall s':>8} {'cpu s':>8} {'MB':>6} {'jq / it':>8}")
    beside = statistics.median(run[0] for run in runs["jq -c ."])
    for name, all_runs in runs.items():
        wall, cpu, memory = (statistics.median(column) for column in zip(*all_runs))
        print(f"{name:<10} {wall:>8.2f} {cpu:>8.2f} {memory:>6.0f} {beside / wall:>8.2f}")


if __name__ == "__main__":
    main()
