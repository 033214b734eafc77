"""CONTRIBUTING.md's lists are true: each is followed here, on a copy of the package, with a toy; and each counts the
files that it takes.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONFIG = "optimizer: {type: SGD, lr: 0.1}\nparamwise_cfg: {custom_keys: {weight: {lr_mult: 2.0}}}\n"
MODEL = """\
from torch import nn


def make():
    return nn.Linear(3, 2)
"""


@dataclass(frozen=True)
class Toy:
    """What somebody adds, and how they see that it works."""

    new: Mapping[str, str]
    """Files of the package, and what they say."""
    lines: Mapping[str, tuple[str, str]]
    """Files of the package, a line in each, and what is written after it."""
    command: tuple[str, ...]
    status: int
    prints: tuple[str, ...]


FINDING = Toy(
    new={
        "checks/pg999.py": '''\
"""A model has a toy.

What: a parameter is called `weight`.

Why it hurts: it does not.

Example: any layer.

How to fix it: nothing is to be done.
"""

from collections.abc import Iterator

from pgaudit.checks.base import Audited, Kind
from pgaudit.core.findings import Finding

KIND = Kind("PG999", "toy", "error")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for every model with a weight."""
    found = [index for index, each in enumerate(audited.inventory.parameters) if each.name == "weight"]
    if found:
        yield audited.finding(KIND, "there is a toy", indices=found)
'''
    },
    lines={},
    command=("check", "m.py:make", "c.yaml"),
    status=1,
    prints=("PG999 toy", "there is a toy"),
)

CONSTRUCTOR = Toy(
    new={
        "constructors/toy.py": '''\
"""Weights with an lr of their own."""

from pgaudit.constructors import Basic, Decision, Decisions
from pgaudit.constructors.basic import untouched
from pgaudit.core.setting import Provenance
from pgaudit.files.schemas import NON_NEGATIVE, mapping


class Toy(Basic):
    """Weights learn at an lr of their own."""

    name = "toy"
    title = "a toy"
    library = "toys 1.0"
    options = {"weight_lr": "the lr of weights"}
    schemas = {"paramwise_cfg": mapping({"weight_lr": NON_NEGATIVE}, closed=True)}

    def decide(self, inventory, config, defaults):
        base = untouched(config, defaults)
        lr = (config.paramwise_cfg or {}).get("weight_lr", base.lr)
        rule = Provenance("weight_lr", None, config.location("paramwise_cfg", "weight_lr"))
        weight = type(base).of(lr, base.weight_decay, rule, base.weight_decay_rule, {"lr": lr})
        settings = [weight if each.name.endswith("weight") else base for each in inventory.parameters]
        return Decisions(tuple(Decision(each, int(each is base)) for each in settings), base)
'''
    },
    lines={"constructors/registry.py": ('    "torch": "torch:Torch",\n', '    "toy": "toy:Toy",\n')},
    command=("show", "m.py:make", "toy.yaml", "--format", "csv"),
    status=0,
    prints=("weight,", "0.25", "weight_lr"),
)

FORMAT = Toy(
    new={
        "render/gate/toy.py": '''\
"""A line an audit."""

from collections.abc import Sequence

from pgaudit.gate import Outcome


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns how many findings each audit has."""
    return "".join(f"toys: {len(outcome.findings)}\\n" for outcome in outcomes)
'''
    },
    lines={"render/choices.py": ("GateFormat = Literal[", '"toy", ')},
    command=("check", "m.py:make", "c.yaml", "--format", "toy"),
    status=0,
    prints=("toys: ",),
)

SOURCE = Toy(
    new={
        "sources/toy.py": '''\
"""Names and lrs, a line each, below a line that says so."""

from pgaudit.core.assignment import Assignment, ModelInfo, OptimizerInfo, ParamAssignment, RecordedParameter
from pgaudit.core.setting import Setting
from pgaudit.report import Report


def is_toy(path: str, data: bytes) -> bool:
    """Whether it begins as such a file does."""
    return data.startswith(b"toy\\n")


def read_toy(path: str, data: bytes) -> Report:
    """Returns what it says."""
    lines = [line.split() for line in data.decode().splitlines()[1:]]
    params = tuple(
        ParamAssignment(RecordedParameter(name), Setting.of(float(lr), 0.0, None, None), 0, 0)
        for name, lr in lines
    )
    return Report(Assignment("report", ModelInfo(None, None), (OptimizerInfo("SGD", {}),), params), None, path)
'''
    },
    lines={
        "sources/files.py": ("READERS = (", "Reader(toy.is_toy, toy.read_toy), "),
        "sources/files.py ": ("from pgaudit.sources import CONFIGS, lock, lock_reading, saved_report", ", toy"),
    },
    command=("diff", "old.toy", "new.toy"),
    status=0,
    prints=("weight", "0.1", "0.2"),
)

TOYS = {"finding": FINDING, "constructor": CONSTRUCTOR, "format": FORMAT, "source": SOURCE}


@pytest.mark.parametrize("what", TOYS)
def test_a_toy_is_added_as_the_list_says(what: str, tmp_path: Path) -> None:
    toy = TOYS[what]
    package = shutil.copytree(ROOT / "pgaudit", tmp_path / "pgaudit")
    for name, text in toy.new.items():
        (package / name).write_text(text, encoding="utf-8")
    for name, (before, added) in toy.lines.items():
        path = package / name.strip()
        text = path.read_text(encoding="utf-8")
        assert text.count(before) == 1, name
        path.write_text(text.replace(before, before + added), encoding="utf-8")
    (tmp_path / "m.py").write_text(MODEL)
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "toy.yaml").write_text(
        "constructor: toy\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg: {weight_lr: 0.25}\n"
    )
    (tmp_path / "old.toy").write_text("toy\nweight 0.1\n")
    (tmp_path / "new.toy").write_text("toy\nweight 0.2\n")
    done = subprocess.run(
        [sys.executable, "-m", "pgaudit", *toy.command], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (toy.status, "")
    assert all(words in done.stdout for words in toy.prints), done.stdout


@pytest.mark.parametrize("what", TOYS)
def test_the_list_counts_its_files(what: str) -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"## Add a {what}\n")[1].split("\n## ")[0]
    count = int(re.findall(r"^(\d) files? in pgaudit/", section, re.MULTILINE)[0])
    touched = {*TOYS[what].new, *(name.strip() for name in TOYS[what].lines)}
    assert count == len(touched) <= 3
    for name in touched - set(TOYS[what].new):
        assert f"`pgaudit/{name}`" in section


def test_every_folder_of_the_package_has_its_place_in_the_architecture() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in (ROOT / "pgaudit").glob("*/__init__.py")}
    assert {name for name in folders if f"`{name}/`" not in text} == set()
