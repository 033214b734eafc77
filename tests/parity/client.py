"""Talks to an oracle process: a real library that runs apart from pgaudit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

ROOT = Path(__file__).parents[2]


class OracleError(Exception):
    """The oracle itself is missing or broken. Never a reason to skip a comparison."""


class Oracle:
    """One oracle process, started when entered and stopped when left."""

    def __init__(self, constructor: str, module: str, folder: str | None = None) -> None:
        """With pgaudit's name of the constructor; without a folder for a library that pgaudit itself depends on."""
        self.constructor = constructor
        self._module = module
        self._folder = ROOT / ".oracles" / folder if folder else None
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Oracle:
        if self._folder and not (self._folder / ".complete").is_file():
            raise OracleError(f"{self._folder} is missing: run `make test`, which fetches it")
        paths = [str(ROOT), *([str(self._folder)] if self._folder else [])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            cwd=ROOT,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
            encoding="utf-8",
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.communicate()  # closes stdin, which ends it
        self._stderr.close()

    def ask(self, **request: Any) -> dict[str, Any]:
        """The real library's answer; see the oracle's own module for the two forms."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise OracleError("ask() outside of `with Oracle(...)`")
        try:
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # it has died: the empty answer below tells why
        line = process.stdout.readline()
        if not line:
            self._stderr.seek(0)
            raise OracleError(f"{self._module} died:\n{self._stderr.read()[-4000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer
