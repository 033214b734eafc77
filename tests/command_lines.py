"""Command lines in a process of their own, which answers all of them, one after another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
_ANSWER = """
import contextlib, io, json, sys
from pgaudit.cli import main

answers = []
for arguments in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(arguments)
    loaded = sorted({"torch", "timm", "torchvision", "numpy"} & sys.modules.keys())
    answers.append([code, out.getvalue(), err.getvalue(), loaded])
print(json.dumps(answers))
"""


class Answer(NamedTuple):
    """What a command line answers."""

    code: int
    out: str
    err: str
    loaded: list[str]
    """Of what takes long to import, what is loaded after it."""


def answers(
    calls: Sequence[Sequence[str]], *, folder: Path = ROOT, oracle: str | None = None, **variables: str
) -> list[Answer]:
    """Returns what each command line answers; what one of them has loaded is loaded still after the last.

    Args:
        calls: the arguments of each.
        folder: where they are typed.
        oracle: the real libraries that are installed beside torch and timm.
        variables: of the environment.
    """
    paths = [str(ROOT), *([str(ROOT / ".oracles" / oracle)] if oracle else [])]
    done = subprocess.run(
        [sys.executable, "-c", _ANSWER],
        input=json.dumps(calls),
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables},
        check=True,
    )
    return [Answer(*answer) for answer in json.loads(done.stdout.splitlines()[-1])]
