#!/usr/bin/env python3
"""Plays the demo on a pseudo-terminal, and keeps what it draws as an asciicast (version 2).

    docs/record.py target/release/bindscope docs/demo.cast

Each key is pressed once the screen says what it is pressed for. Pauses are as long as a reader needs, not as long as
the machine took, so that a recording is the same on every machine but for the moments that the screen tells.
"""

import codecs
import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import tempfile
import termios
import time

WIDTH, HEIGHT = 80, 24
# What is waited for, how long a reader looks at it, what is typed then, and how long each key takes.
PLAY = [
    ("Who calls", 1.5, "runproc", 0.12),
    ("", 0.6, "\t", 0.1),
    ("", 0.3, "priv", 0.14),
    ("", 0.8, "\r", 0.1),
    ("403 until granted", 4.0, "f", 0.1),
    ("NOT applied yet", 4.0, "grant", 0.22),
    ("", 0.8, "\r", 0.1),
    ("It works", 2.5, "\x1b", 0.1),
    ("works: token minted", 3.0, "Q", 0.1),
]
PATIENCE = 60


def words(text):
    """What a screen says, without what draws it; blanks between words are moves of the cursor."""
    return re.sub(r"\s+", "", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)", "", text))


def main(program, target):
    home = tempfile.mkdtemp()
    child, terminal = pty.fork()
    if child == 0:
        environment = {"HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8", "TZ": "UTC", "BINDSCOPE_THEME": "dark"}
        os.chdir(home)
        os.execve(program, ["bindscope", "--demo"], environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    clock, events = 0.0, []

    def read(wait):
        """What is drawn until nothing comes for so long; None at the end."""
        text = ""
        while select.select([terminal], [], [], wait)[0]:
            try:
                part = os.read(terminal, 65536)
            except OSError:
                part = b""
            if not part:
                return (text, True)
            text += decoder.decode(part)
        return (text, False)

    def drawn(text):
        if text:
            events.append([round(clock, 3), "o", text])

    seen = ""
    for wanted, look, keys, each in PLAY:
        deadline = time.monotonic() + PATIENCE
        while True:
            text, _ = read(0.2)
            drawn(text)
            seen += text
            if re.sub(r"\s+", "", wanted) in words(seen) and not text:
                break
            if time.monotonic() > deadline:
                sys.exit(f"the screen never says {wanted!r}: {words(seen)[-400:]}")
        clock += look
        seen = ""
        for key in keys:
            os.write(terminal, key.encode())
            text, _ = read(0.15)
            drawn(text)
            seen += text
            clock += each
    over = False
    while not over:
        text, over = read(5)
        drawn(text)
    os.waitpid(child, 0)
    header = {
        "version": 2,
        "width": WIDTH,
        "height": HEIGHT,
        "title": "bindscope: from a 403 to a working token",
        "env": {"TERM": "xterm-256color"},
    }
    with open(target, "w", encoding="utf-8") as file:
        for line in [header, *events]:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(os.path.abspath(sys.argv[1]), sys.argv[2])
