"""What is wrong with a Python config is one message, with the file and line where it can be known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.openmmlab.marked import Files, read, written
from tests.parity.client import Oracle

SOUND = "optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))\n"

REFUSED: dict[str, tuple[Files, str]] = {
    "a syntax error": (
        {"config.py": "optim_wrapper = dict(\n    lr=0.1\n"},
        "config.py:1:21: not Python: '(' was never closed",
    ),
    "a syntax error in a base": (
        {"config.py": "_base_ = 'b/base.py'\n" + SOUND, "b/base.py": "x = 1\ny = = 2\n"},
        "b/base.py:2:5: not Python: invalid syntax",
    ),
    "a merge conflict": (
        {"config.py": f"<<<<<<< HEAD\n{SOUND}=======\n{SOUND}>>>>>>> other\n"},
        "config.py:1:1: the marks of a merge conflict",
    ),
    "no such base": (
        {"config.py": "_base_ = [\n    'schedules/sgd.py',\n    'schedules/runtme.py']\n" + SOUND}
        | {"schedules/sgd.py": "a = 1\n", "schedules/runtime.py": "b = 1\n"},
        'config.py:3:5: no such base: "schedules/runtme.py" (did you mean "schedules/runtime.py"?)',
    ),
    "no such base to import": (
        {"config.py": "from mmengine.config import read_base\nwith read_base():\n    from .base import *\n" + SOUND},
        'config.py:3:5: no such base: "base.py"',
    ),
    "a circle": (
        {"config.py": "_base_ = 'b.py'\n" + SOUND, "b.py": "_base_ = ['c.py']\n", "c.py": "_base_ = 'b.py'\n"},
        "c.py:1:10: the config inherits from itself: b.py → c.py → b.py",
    ),
    "itself": (
        {"config.py": "_base_ = './config.py'\n" + SOUND},
        "config.py:1:10: the config inherits from itself: config.py → config.py",
    ),
    "an exception": (
        {"config.py": "a = {}\n" + SOUND + "b = a['missing']\n"},
        "config.py:3:5: the config raises KeyError: 'missing'",
    ),
    "an exception in a base": (
        {"config.py": "_base_ = 'base.py'\n" + SOUND, "base.py": "def f():\n    return 1 / 0\nx = f()\n"},
        "base.py:2:12: the config raises ZeroDivisionError: division by zero",
    ),
    "an exit": (
        {"config.py": SOUND + "raise SystemExit(3)\n"},
        "config.py:2:1: the config raises SystemExit: 3",
    ),
    "an exception in pure Python": (
        {"config.py": "import torch\nfrom .x import y\n" + SOUND + "z = y()\n", "x.py": "y = 1\n"},
        "config.py:4:5: the config raises RuntimeError:",
    ),
    "a key in two bases": (
        {"config.py": "_base_ = ['a.py', 'b.py']\n" + SOUND, "a.py": "x = 1\n", "b.py": "x = 2\n"},
        'config.py: mmengine cannot read the config: KeyError: "Duplicate key is not allowed among bases. Duplicate',
    ),
    "a dict over a number": (
        {"config.py": "_base_ = 'a.py'\noptim_wrapper = dict(optimizer=dict(lr=1.))\n", "a.py": "optim_wrapper = 3\n"},
        "config.py: mmengine cannot read the config: TypeError: optim_wrapper=",
    ),
    "the wrong value": (
        {
            "config.py": "_base_ = 'a.py'\n",
            "a.py": "optim_wrapper = dict(\n    optimizer=dict(type='SGD', lr='much'))\n",
        },
        'a.py:2:32: optim_wrapper.optimizer.lr: expected a number, got the text "much"',
    ),
    "a training script": (
        {"config.py": "import torch\nprint('never run')\nraise SystemExit\n"},
        'config.py: the config sets neither "optim_wrapper" nor "optimizer" (optim_wrapper = dict(',
    ),
    "a typo": (
        {"config.py": SOUND.replace("wrapper", "wraper")},
        'config.py: the config sets neither "optim_wrapper" nor "optimizer" (did you mean "optim_wraper"?)',
    ),
    "no file": ({"confog.py": SOUND}, 'no such config file: "config.py" (did you mean "confog.py"?)'),
    "a NUL": ({"config.py": SOUND + "\0"}, "config.py:1:1: not Python: source code"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_in_one_message(reader: Oracle, tmp_path: Path, name: str) -> None:
    files, begins = REFUSED[name]
    written(tmp_path, files)
    ours, _ = read(reader, tmp_path)
    (message,) = ours["refused"]
    assert message.startswith(begins)
    assert "\n" not in message


def test_bytes_that_are_no_text(reader: Oracle, tmp_path: Path) -> None:
    (tmp_path / "config.py").write_bytes(b"x = 1\ny = '\xff'\n")
    ours, _ = read(reader, tmp_path)
    assert ours["refused"] == ["config.py:2:6: byte 0xFF is not UTF-8 (is this a text file?)"]
