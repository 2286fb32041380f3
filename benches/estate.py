#!/usr/bin/env python3
"""Whole estates as files: how long it takes to read, to index and to answer, beside jq, DuckDB and networkx.

    benches/estate.py target/release/bindscope [--sizes S,M,L,3L] [--data DIR] [--runs 3] [--limit 300] [--no-peers]

Makes estates of 1,000, 10,000, 100,000 and 300,000 accounts with ten bindings each (support/generate_estate.py, where
they are not in DIR yet), as an estate file and as an asset export, and runs whole processes in turn, each --runs times:
the program's commands with --format json where there is one, into a file that is thrown away; the explorer on a
pseudo-terminal until its first list is filled; and beside them `jq -c .`, which reads and writes the file and
understands nothing of it, DuckDB (read_json, and who and reach as one recursive query), and networkx (who, reach, and
the closure of all callers). DuckDB and networkx are installed into DIR with pip where Python has them not.

Prints one table: for each size the least wall time of the runs, of it what comes after reading (by the program's own
--log, or by the peer's clock), the least processor time and the most memory held; and how processor time grows: 1.0 is ten
times as long for ten times as much. A run that takes longer than --limit, a peer's also one that takes 12 GB, is ended, and
what it is for is not run again. Peers judge allow policies and groups alone: no conditions, no deny rules, no boundaries.
Needs Linux.
"""

import argparse
import fcntl
import importlib.util
import json
import math
import os
import pty
import re
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from datetime import datetime

from explorer import COLUMNS, ROWS, Screen

HERE = os.path.dirname(os.path.abspath(__file__))
AT = ["--at", "2026-11-24T12:00:00Z"]
# Accounts, bindings, projects, users and groups of a size that the generator has no name for.
OWN_SIZES = {"3L": (300_000, 3_000_000, 30_000, 150_000, 15_000)}
MOST_MEMORY = 12 << 30
CARRYING = ["iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.implicitDelegation"]
ACCOUNTS = {"S": 1_000, "M": 10_000, "L": 100_000, "3L": 300_000}


class Ended(Exception):
    """The limit came first."""


def waited(pid, limit):
    """Exit status and resources of a child, which is ended at the limit."""
    end = time.monotonic() + limit
    while True:
        done, status, used = os.wait4(pid, os.WNOHANG)
        if done:
            return status, used
        if time.monotonic() > end:
            os.kill(pid, signal.SIGKILL)
            os.wait4(pid, 0)
            raise Ended
        time.sleep(0.002)


def bounded():
    """A peer that takes all memory takes the machine with it."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def once(command, scratch, limit):
    """Wall and processor seconds, wall seconds after reading (None: not told), and MB, of one process."""
    log, out = os.path.join(scratch, "log"), os.path.join(scratch, "out")
    ours = command[0] == "bindscope"
    if ours:
        if os.path.exists(log):
            os.unlink(log)
        command = [once.binary, "--log", log, *command[1:]]
    with open(out, "wb") as to:
        begun = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=to, stderr=subprocess.DEVNULL, preexec_fn=None if ours else bounded
        )
        status, used = waited(process.pid, limit)
        took = time.perf_counter() - begun
    code = os.waitstatus_to_exitcode(status)
    if code and not ours:
        raise Ended
    # 1 is "no" and 3 "not known": answers.
    if code not in (0, 1, 3):
        sys.exit(f"{' '.join(command)}: exit {code}")
    after = after_reading(log) if ours else told_by_peer(command, out)
    return took, used.ru_utime + used.ru_stime, after, used.ru_maxrss / 1024


def after_reading(log):
    """From the line that says that the estate is read to the last one."""
    with open(log, encoding="utf-8") as file:
        lines = [line.split() for line in file]
    at = lambda words: datetime.fromisoformat(words[0].replace("Z", "+00:00")).timestamp()
    read = [at(words) for words in lines if "read" in words]
    return at(lines[-1]) - read[-1] if read else None


def told_by_peer(command, out):
    if not any(word.endswith("estate_peers.py") for word in command):
        return None
    with open(out, encoding="utf-8") as file:
        return json.loads(file.read().splitlines()[-1])["seconds"]


def explorer(binary, estate, accounts, limit):
    """Wall seconds until the explorer's first list is filled, processor seconds, and MB."""
    with tempfile.TemporaryDirectory() as home:
        begun = time.perf_counter()
        pid, terminal = pty.fork()
        if pid == 0:
            variables = {"HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PATH": ""}
            os.execve(binary, [binary, "--estate", estate], variables)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        screen = Screen()
        end = begun + limit
        # The list says how many it holds; what comes in still says "so far".
        count = re.compile(rf"\b{accounts:,}\b|\b{accounts}\b")
        took = None
        while took is None:
            if time.perf_counter() > end:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                os.close(terminal)
                raise Ended
            ready, _, _ = select.select([terminal], [], [], 0.2)
            if ready:
                screen.feed(os.read(terminal, 1 << 16))
                head = " ".join(screen.lines())
                if count.search(head) and "so far" not in head:
                    took = time.perf_counter() - begun
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            most = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
        os.kill(pid, signal.SIGTERM)
        os.close(terminal)
        _, _, used = os.wait4(pid, 0)
    return took, used.ru_utime + used.ru_stime, None, most / 1024


def commands(size, data, scratch, peers):
    """What is run for one size, by name."""
    path = lambda end: os.path.join(data, f"{size}.{end}")
    with open(path("story.json"), encoding="utf-8") as file:
        story = json.load(file)
    target = story["target_most"]
    user, account = story["callers_user"][0], story["callers_sa"][0]
    index = os.path.join(scratch, f"{size}.index")
    ask = lambda file: ["bindscope", "--estate", file, "--format", "json"]
    pair = ["explain", "--caller", account, "--target", target, *AT]
    two = ["--caller", user, "--target", target, "--edges", "all", *AT]
    estate, export = path("estate.json"), path("ndjson")
    of = {}
    if shutil.which("jq"):
        of["`jq -c .`, export"] = ["jq", "-c", ".", export]
    of["`explain`, export: reading"] = [*ask(export), *pair]
    if shutil.which("jq"):
        of["`jq -c .`, estate file"] = ["jq", "-c", ".", estate]
    of["`explain`, estate file: reading"] = [*ask(estate), *pair]
    of["`index`"] = ["bindscope", "index", "--out", index, estate]
    of["`explain`, index: opening"] = [*ask(index), *pair]
    of["`who`"] = [*ask(estate), "who", "--target", target, *AT]
    of["`reach`, a user"] = [*ask(estate), "reach", "--caller", user, *AT]
    of["`reach`, an account"] = [*ask(estate), "reach", "--caller", account, *AT]
    of["`reach --edges all`, a user"] = [*ask(estate), "reach", "--caller", user, "--edges", "all", *AT]
    of["`closure`"] = [*ask(estate), "closure", *AT]
    of["`closure --edges all`"] = [*ask(estate), "closure", "--edges", "all", *AT]
    of["`path --edges all`"] = [*ask(estate), "path", *two]
    of["`cut --edges all`"] = [*ask(estate), "cut", *two]
    of["`graph`"] = ["bindscope", "--estate", estate, "graph", *AT]
    of["`review`"] = [*ask(estate), "review", *AT]
    of["explorer: first list filled"] = None
    if peers:
        peer = [peers, os.path.join(HERE, "support", "estate_peers.py")]
        token, chain = (roles_that_hold(target, scratch, some) for some in (CARRYING[:1], CARRYING))
        cai = [export, path("extra.json")]
        of["DuckDB: `read_json`"] = [*peer, "duckdb", "read", *cai, token, user, target]
        of["DuckDB: who"] = [*peer, "duckdb", "who", *cai, token, user, target]
        of["DuckDB: reach, a user"] = [*peer, "duckdb", "reach", *cai, chain, user, target]
        of["networkx: who"] = [*peer, "networkx", "who", estate, "-", token, user, target]
        of["networkx: reach, a user"] = [*peer, "networkx", "reach", estate, "-", chain, user, target]
        of["networkx: closure of all callers"] = [*peer, "networkx", "closure", estate, "-", chain, user, target]
    return of, {"estate file": os.path.getsize(estate), "export": os.path.getsize(export)}


def roles_that_hold(target, scratch, permissions):
    """A file of these permissions and the predefined roles that hold one, as `bindscope sql` writes them into its text."""
    roles = set()
    for permission in permissions:
        command = [once.binary, "sql", "who", "--target", target, "--permission", permission]
        command += ["--resources", "p.d.r", "--policies", "p.d.i"]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        roles.update(re.findall(r"'(roles/[A-Za-z0-9_.]+)'", text))
    path = os.path.join(scratch, f"roles-{len(permissions)}")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"permissions": permissions, "roles": sorted(roles)}, file)
    return path


def made(sizes, data):
    generate = os.path.join(HERE, "support", "generate_estate.py")
    for size in sizes:
        if os.path.exists(os.path.join(data, f"{size}.story.json")):
            continue
        command = [sys.executable, generate, size, "--out", os.path.abspath(data)]
        if size in OWN_SIZES:
            names = ("accounts", "bindings", "projects", "users", "groups")
            for name, number in zip(names, OWN_SIZES[size]):
                command += [f"--{name}", str(number)]
        subprocess.run(command, check=True, cwd=os.path.dirname(HERE), stdout=subprocess.DEVNULL)


def python_with_peers(data):
    """A Python that has DuckDB and networkx."""
    if all(importlib.util.find_spec(name) for name in ("duckdb", "networkx")):
        return sys.executable
    place = os.path.join(data, "peers")
    python = os.path.join(place, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", place], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "duckdb", "networkx"], check=True)
    return python


def figures(seconds):
    return f"{seconds:.0f}" if seconds >= 100 else f"{seconds:.1f}" if seconds >= 10 else f"{seconds:.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary")
    parser.add_argument("--sizes", default="S,M,L,3L")
    parser.add_argument("--data", default=os.path.join(tempfile.gettempdir(), "bindscope-estates"))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300)
    parser.add_argument("--only", default="", help="rows with this in their name")
    parser.add_argument("--but", help="no rows with this in their name")
    parser.add_argument("--no-peers", action="store_true")
    given = parser.parse_args()
    sizes = given.sizes.split(",")
    os.makedirs(given.data, exist_ok=True)
    made(sizes, given.data)
    once.binary = os.path.abspath(given.binary)
    peers = None if given.no_peers else python_with_peers(given.data)
    least, bytes_of, over = {}, {}, set()
    with tempfile.TemporaryDirectory() as scratch:
        for size in sizes:
            todo, bytes_of[size] = commands(size, given.data, scratch, peers)
            for name, command in todo.items():
                if given.only not in name or (given.but and given.but in name):
                    continue
                for _ in range(given.runs):
                    if name in over:
                        break
                    try:
                        if command is None:
                            estate = os.path.join(given.data, f"{size}.estate.json")
                            run = explorer(once.binary, estate, ACCOUNTS[size], given.limit)
                        else:
                            run = once(command, scratch, given.limit)
                    except Ended:
                        over.add(name)
                        break
                    known = least.setdefault(name, {}).get(size)
                    least[name][size] = run if known is None else keep(known, run)
                row = least.get(name, {}).get(size)
                print(f"{size} {name}: {row or 'not within the limit'}", file=sys.stderr)
    report(sizes, least, bytes_of, over, given)


def keep(known, run):
    """The least time of each, and the most memory."""
    after = [one[2] for one in (known, run) if one[2] is not None]
    wall, processor = (min(known[at], run[at]) for at in (0, 1))
    return wall, processor, min(after) if after else None, max(known[3], run[3])


def report(sizes, least, bytes_of, over, given):
    for size in sizes:
        told = ", ".join(f"{name} {of / 1e6:.0f} MB" for name, of in bytes_of[size].items())
        print(f"{size}: {ACCOUNTS.get(size, 0):,} accounts; {told}")
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"least of {given.runs} runs; wall s (of it after reading) / processor s / MB; load at the end {load}\n")
    growth = [f"{a}–{b}" for a, b in zip(sizes, sizes[1:])]
    print("| | " + " | ".join(sizes) + " | " + " | ".join(f"growth {g}" for g in growth) + " |")
    print("| --- |" + " --- |" * (len(sizes) + len(growth)))
    for name, by_size in least.items():
        cells = []
        for size in sizes:
            run = by_size.get(size)
            if run is None:
                cells.append(f"over {given.limit:.0f}" if name in over else "")
                continue
            wall, processor, after, most = run
            after = "" if after is None else f" ({figures(after)})"
            cells.append(f"{figures(wall)}{after} / {figures(processor)} / {most:,.0f}")
        for a, b in zip(sizes, sizes[1:]):
            one, other = by_size.get(a), by_size.get(b)
            times = ACCOUNTS.get(b, 1) / ACCOUNTS.get(a, 1)
            grows = "" if not (one and other) or times <= 1 else f"{math.log(other[1] / one[1]) / math.log(times):.2f}"
            cells.append(grows)
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
