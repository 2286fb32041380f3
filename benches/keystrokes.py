#!/usr/bin/env python3
"""How many bytes the explorer sends for a key, as they go over ssh: the demo on a pseudo-terminal, each key pressed
once the answer to the one before is there.

    benches/keystrokes.py target/release/bindscope
"""

import fcntl
import os
import pty
import select
import statistics
import struct
import sys
import tempfile
import termios

SIZES = [(80, 24), (200, 50)]
PAIR = [
    "--caller",
    "run-processor@app-prod.iam.gserviceaccount.com",
    "--target",
    "bq-privileged@data-vault.iam.gserviceaccount.com",
]
# What is done, how it is come to, the keys that are measured, what leads back.
ACTIONS = [
    ("a row down or up in the picture", "", ["j", "k"] * 20, ""),
    ("to the other panel", "", ["\t"] * 20, ""),
    ("a letter of a filter in a list", "x/", list("runprocessor"), "\x1b\x1b"),
    ("a row in a list", "x", ["j", "k"] * 10, "\x1b"),
    ("a line of a page", "?", ["j", "k"] * 10, "\x1b"),
    ("open and close the help", "", ["?", "\x1b"] * 10, ""),
    ("a letter of the confirmation's word", "f", list("gran"), "\x1b\x1b"),
    ("a letter of a name, choosing", "p\x15", list("runproc"), "\x1b\x1b\x1b"),
]


def main(program):
    print("| key | 80×24: median | most | 200×50: median | most |")
    print("| --- | --- | --- | --- | --- |")
    rows = {name: [] for name, *_ in ACTIONS}
    for width, height in SIZES:
        child, terminal = pty.fork()
        if child == 0:
            home = tempfile.mkdtemp()
            environment = {"HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
            os.execve(program, ["bindscope", "--demo", *PAIR], environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

        def read(wait):
            count = 0
            while select.select([terminal], [], [], wait)[0]:
                count += len(os.read(terminal, 65536))
            return count

        def press(keys):
            for key in keys:
                os.write(terminal, key.encode())
                read(0.12)

        read(2)
        for name, lead, keys, back in ACTIONS:
            press(lead)
            counts = []
            for key in keys:
                os.write(terminal, key.encode())
                counts.append(read(0.12))
            rows[name] += [statistics.median(counts), max(counts)]
            press(back)
        os.write(terminal, b"\x03")
        os.waitpid(child, 0)
    for name, counts in rows.items():
        print(f"| {name} | " + " | ".join(f"{count:.0f}" for count in counts) + " |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]))
