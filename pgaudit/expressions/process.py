"""A process of its own that runs expressions, each for as long as it may take."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from functools import lru_cache
from typing import Any

SECONDS = 1
"""What an expression may take for one name."""

_PROGRAM = f"""
import faulthandler, json, os, re, sys
nowhere = open(os.devnull, "w")
for line in sys.stdin.buffer:
    text, method, name = json.loads(line)
    if method != "compile":
        run = getattr(re.compile(text), method)
    faulthandler.dump_traceback_later({SECONDS}, exit=True, file=nowhere)  # a thread of C, which needs no lock
    try:
        found = re.compile(text) if method == "compile" else run(name)
    except Exception:  # whoever asks finds out
        found = None
    found = [each.span() for each in found] if method == "finditer" else found is not None
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps(found), flush=True)
"""


TIME_IS_UP = object()


class Child:
    """A process that runs expressions, for as long as each may take. It ends with ours, and starts when needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._of = 0

    @lru_cache(maxsize=100_000)  # noqa: B019 (there is one of these, for ever)
    def asked(self, expression: str, method: str, name: str) -> Any:
        """Returns what an expression says of a name, or :data:`TIME_IS_UP`."""
        with self._lock:
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            answer = b""
            with contextlib.suppress(OSError):  # whoever kills it from outside gets the same
                process.stdin.write(json.dumps([expression, method, name]).encode() + b"\n")
                process.stdin.flush()
                answer = process.stdout.readline()
            if not answer:
                self.end()
                return TIME_IS_UP
        found = json.loads(answer)
        return [(start, end) for start, end in found] if method == "finditer" else found or None

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._of == os.getpid() and self._process.poll() is not None:
            self.end()  # somebody has killed it
        if self._process is None or self._of != os.getpid():  # a fork shares no child with its parent
            command = [sys.executable, "-I", "-S", "-c", _PROGRAM]
            pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere)
            self._of = os.getpid()
        return self._process

    def end(self) -> None:
        """Ends the process, if there is one of ours."""
        process, self._process = self._process, None
        if process is not None and self._of == os.getpid():
            process.kill()
            with contextlib.suppress(OSError):  # what it was not told any more
                process.communicate()


CHILD = Child()
atexit.register(CHILD.end)
