#!/usr/bin/env python3
"""Whole estates as files: how long it takes to read them, to open them compiled, and to answer, beside jq.

    benches/estate.py target/release/bindscope [--sizes S,M,L] [--data DIR] [--runs 3]

Makes estates of 1,000, 10,000 and 100,000 accounts with ten bindings each (`benches/support/generate_estate.py`, where
they are not in DIR yet), as an estate file and as an asset export, and runs whole processes in turn: `jq -c .`, which
reads and writes the file and understands nothing of it, `explain`, which is reading, `index`, and `explain`, `who`,
`reach`, `graph` and `review` over the estate file and over what `index` made of it, with --format json where there is
one, into a file that is thrown away. Prints a table of medians: wall time, processor time, the most memory that a run
held, and how wall time grows from one size to the next (1.0: ten times as long for ten times as much). Needs Linux.
"""

import argparse
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
AT = ["--at", "2026-11-24T12:00:00Z"]


def once(command, out):
    """Wall and processor time in seconds, and memory in MB, of one process."""
    with open(out, "wb") as to:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=to, stderr=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        took = time.perf_counter() - begun
    code = os.waitstatus_to_exitcode(status)
    # 1 is "no" and 3 "not known": answers.
    if code not in (0, 1, 3):
        sys.exit(f"{' '.join(command)}: exit {code}")
    return took, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def commands(binary, size, data, scratch):
    """What is run for one size, by name."""
    path = lambda end: os.path.join(data, f"{size}.{end}")
    with open(path("story.json"), encoding="utf-8") as file:
        story = json.load(file)
    target = story["target_most"]
    user, account = story["callers_user"][0], story["callers_sa"][0]
    index = os.path.join(scratch, f"{size}.index")
    ask = lambda file: [binary, "--estate", file, "--format", "json"]
    pair = ["explain", "--caller", account, "--target", target, *AT]
    estate, export = path("estate.json"), path("ndjson")
    of = {}
    if shutil.which("jq"):
        of["estate file: `jq -c .`"] = ["jq", "-c", ".", estate]
        of["export: `jq -c .`"] = ["jq", "-c", ".", export]
    of["export: `explain`"] = [*ask(export), *pair]
    of["estate file: `explain`"] = [*ask(estate), *pair]
    of["`index`"] = [binary, "index", "--out", index, estate]
    for name, file in (("estate file", estate), ("index", index)):
        if name == "index":
            of["index: `explain`"] = [*ask(file), *pair]
        of[f"{name}: `who`"] = [*ask(file), "who", "--target", target, *AT]
        of[f"{name}: `reach`, a user"] = [*ask(file), "reach", "--caller", user, *AT]
        of[f"{name}: `reach`, an account"] = [*ask(file), "reach", "--caller", account, *AT]
        of[f"{name}: `graph`"] = [binary, "--estate", file, "graph", *AT]
        of[f"{name}: `review`"] = [*ask(file), "review", *AT]
    return of, {"estate": os.path.getsize(estate), "export": os.path.getsize(export)}


def made(sizes, data):
    for size in sizes:
        if not os.path.exists(os.path.join(data, f"{size}.story.json")):
            generate = os.path.join(HERE, "support", "generate_estate.py")
            top = os.path.dirname(HERE)
            subprocess.run(
                [sys.executable, generate, size, "--out", os.path.abspath(data)],
                check=True,
                cwd=top,
                stdout=subprocess.DEVNULL,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--sizes", default="S,M,L")
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "bindscope-estates"))
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    sizes = given.sizes.split(",")
    made(sizes, given.data)
    binary = os.path.abspath(given.binary)
    medians, bytes_of = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        out = os.path.join(scratch, "out")
        for size in sizes:
            todo, bytes_of[size] = commands(binary, size, given.data, scratch)
            runs = {name: [] for name in todo}
            for _ in range(given.runs):
                for name, command in todo.items():
                    runs[name].append(once(command, out))
            for name, all_runs in runs.items():
                columns = [statistics.median(column) for column in zip(*all_runs)]
                medians.setdefault(name, {})[size] = columns
    for size in sizes:
        mb = {name: of / 1e6 for name, of in bytes_of[size].items()}
        print(f"{size}: estate file {mb['estate']:.0f} MB, export {mb['export']:.0f} MB")
    print(f"medians of {given.runs} runs; wall s / processor s / MB\n")
    growth = [f"{a}–{b}" for a, b in zip(sizes, sizes[1:])]
    print("| | " + " | ".join(sizes) + " | " + " | ".join(f"growth {g}" for g in growth) + " |")
    print("| --- |" + " --- |" * (len(sizes) + len(growth)))
    for name, by_size in medians.items():
        cells = [f"{w:.2f} / {c:.2f} / {m:,.0f}" for w, c, m in (by_size[s] for s in sizes)]
        steps = zip(sizes, sizes[1:])
        grows = [f"{math.log10(by_size[b][0] / by_size[a][0]):.2f}" for a, b in steps]
        print(f"| {name} | " + " | ".join(cells + grows) + " |")


if __name__ == "__main__":
    main()
