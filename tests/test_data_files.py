"""Files of data lead to nothing: whatever stands in an inventory, report, lock, baseline, file of results or entry of
the cache, no command imports, opens, starts or connects to anything that the command line did not name.

A process watches itself with Python's own audit hook while it runs the commands, among files that must not be touched.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from torch import nn

import pgaudit
from pgaudit.gate import baseline
from pgaudit.models import cache as caches
from pgaudit.models.built import BuiltModel
from pgaudit.models.saved.file import Saved, written
from pgaudit.sources.lock import written as locked

CONFIG = "optimizer: {type: SGD, lr: 0.1, weight_decay: 0.1}\nparamwise_cfg: {norm_decay_mult: 0.0}\n"
TIMM = "constructor: timm\noptimizer: {type: lookahead_sgd, lr: 0.1, weight_decay: 0.1}\n"
PAYLOAD = """\
import pathlib
pathlib.Path("ran").touch()
class X: ...
def make(): ...
"""
WATCH = """
import json, os, sys

import timm, torch
import timm.optim._optim_factory
from pgaudit import cli

WATCHED = ("open", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.connect", "import")
seen = []
watching = False


def hook(event, arguments):
    if watching and event in WATCHED:
        what = arguments[0] if arguments else ""
        what = os.path.realpath(what) if event == "open" and isinstance(what, str) else str(what)
        if (event, what) not in seen:
            seen.append((event, what))


sys.addaudithook(hook)
found = []
for folder, argv in json.loads(sys.argv[1]):
    os.environ["PGAUDIT_CACHE_DIR"] = folder
    seen = []
    watching = True
    code = cli.main(argv)
    watching = False
    found.append([code, seen])
with open(sys.argv[2], "w") as file:
    json.dump(found, file)
"""


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.norm = nn.BatchNorm2d(2)


def _inventory(**other: Any) -> str:
    """The text of a saved inventory, its checksum right whatever it says."""
    inventory = BuiltModel(Net(), "resnet18", "timm").inventory()
    body = written(Saved(inventory)).rpartition('"checksum"')[0]
    for old, new in other.items():
        assert OTHERS[old] in body, old
        body = body.replace(OTHERS[old], new)
    return f'{body}"checksum": "{hashlib.sha256(body.encode()).hexdigest()[:16]}"}}\n'


OTHERS = {
    "ref": '"ref": "resnet18"',
    "source": '"source": "timm"',
    "dtype": '"dtype": "float32"',
    "types": '["torch.nn.modules.linear.Linear"',
}


@dataclass(frozen=True)
class Case:
    """A command on a file, and how it ends."""

    argv: tuple[str, ...]
    content: str | None
    """Of ``data.json``, or another file that the command names."""
    code: int
    cache: str = "kept"
    """The folder of the cache."""
    file: str = "data.json"


def _cases() -> Iterator[tuple[str, Case]]:
    good = _inventory()
    commands: dict[str, tuple[str, ...]] = {
        "show": ("show", "data.json", "config.yaml"),
        "explain": ("explain", "data.json", "config.yaml", "fc.weight"),
        "lock": ("lock", "data.json", "config.yaml"),
        "check": ("check", "data.json", "config.yaml"),
        "diff": ("diff", "config.yaml", "config.yaml", "--model", "data.json"),
        "convert": ("convert", "config.yaml", "--model", "data.json", "--to", "rules"),
        "sweep": ("sweep", "data.json", "config.yaml", "-j", "1"),
    }
    poisoned = {
        "dtype": _inventory(dtype='"dtype": "payload"'),
        "lazy dtype": _inventory(dtype='"dtype": "_dynamo"'),
    }
    for name, argv in commands.items():
        yield f"inventory, {name}", Case(argv, good, 0)
        for what, text in poisoned.items():
            yield f"inventory with a bad {what}, {name}", Case(argv, text, 2)
    types = _inventory(types='["payload.X", "torch.nn.modules.linear.Linear"')
    yield "inventory with a class, convert", Case(commands["convert"], types, 0)
    for source, ref in (("import", "payload:make"), ("file", "payload.py:make"), ("timm", "payload.py:make")):
        text = _inventory(ref=f'"ref": "{ref}"', source=f'"source": "{source}"')
        yield f"inventory of {source} {ref}, snapshot --check", Case(("snapshot", "--check", "data.json"), text, 2)
        yield f"inventory of {source} {ref}, show", Case(commands["show"], text, 0)

    report = pgaudit.audit(Net(), {"optimizer": {"type": "SGD", "lr": 0.1}})
    for source, ref in (("import", "payload:make"), ("file", "payload.py:make"), ("timm", "payload.py:make")):
        model = replace(report.assignment.model, ref=ref, source=source)
        side = replace(report, assignment=replace(report.assignment, model=model))
        data = report.to_dict()
        data["model"] |= {"ref": ref, "source": source}
        for kind, file, text in (("report", "data.json", json.dumps(data)), ("lock", "data.lock", locked(side))):
            yield f"{kind} of {source} {ref}", Case(("diff", file, "config.yaml"), text, 2, file=file)
            yield f"{kind} of {source} {ref} twice", Case(("diff", file, file), text, 0, file=file)
        text = locked(side)
        argv = ("check", "good.json", "config.yaml", "--lock", "data.lock")
        yield f"lock of {source} {ref}, check", Case(argv, text, 1, file="data.lock")

    known = baseline.written(report.findings)
    argv = ("check", "good.json", "config.yaml", "--baseline", "data.json")
    yield "baseline", Case(argv, known, 0)
    entry = {"code": "payload:X", "key": "payload.py:make", "params": ["payload.py:make"]}
    yield "baseline of payloads", Case(argv, json.dumps({"pgaudit_baseline": 1, "findings": [entry]}), 2)

    argv = ("sweep", "good.json", "config.yaml", "-j", "1", "-o", "data.jsonl")
    result = {"schema_version": 1, "model": "payload.py:make", "config": "config.yaml", "source": "payload:X"}
    yield "results", Case(argv, "", 0, file="data.jsonl")
    yield "results of payloads", Case(argv, json.dumps(result) + "\n", 2, file="data.jsonl")

    for forged in ("names", "timm", "wrapper"):
        config = "config.yaml" if forged == "names" else "timm.yaml"
        yield f"cache with a bad {forged}", Case(("show", "resnet18", config), None, 0, cache=f"forged-{forged}")


CASES = dict(_cases())


def _forge(folder: Path) -> None:
    """Entries of a cache as pgaudit writes them, but for what they say."""
    call: list[Any] = ["timm.optim.sgdw:SGDW", [], None]
    arguments = json.dumps({"lr": 0, "weight_decay": 0}, separators=(",", ":"))
    for name, section, key, value in (
        ("names", "names", "SGD", "payload:X"),
        ("timm", "timm", f"lookahead_sgd {arguments}", ["payload:X", *call[1:]]),
        ("wrapper", "timm", f"lookahead_sgd {arguments}", [*call[:2], "payload:X"]),
    ):
        cache = caches.Cache(str(folder / f"forged-{name}"))
        cache._write(section, "", key, json.dumps(value))
        assert cache._read(section, "", key) == json.dumps(value).encode()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, tuple[int, list[list[str]]]]]:
    """What each command did, all of them in one process, which has loaded torch and timm before."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "config.yaml").write_text(CONFIG)
    (folder / "timm.yaml").write_text(TIMM)
    (folder / "good.json").write_text(_inventory())
    (folder / "payload.py").write_text(PAYLOAD)
    _forge(folder)
    commands = []
    for number, case in enumerate(CASES.values()):
        at = f"{number}-{case.file}"
        if case.content is not None:
            (folder / at).write_text(case.content)
        commands.append([str(folder / case.cache), [at if word == case.file else word for word in case.argv]])
    report = folder / "outcomes.json"
    # -P: whatever is imported from here has been put on the path by pgaudit
    command = [sys.executable, *(["-P"] if sys.version_info >= (3, 11) else []), "-c", WATCH]
    done = subprocess.run(
        [*command, json.dumps(commands), str(report)],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())
    return folder, dict(zip(CASES, found, strict=True))


OWN = (sys.prefix, sys.base_prefix, str(Path(pgaudit.__file__).parent), os.devnull, "/proc", "/sys")
"""Of Python, of the libraries and of the system."""
PLACES = [os.path.realpath(place) for place in OWN]


@pytest.mark.parametrize("name", CASES)
def test_a_file_of_data_leads_to_nothing(
    name: str, outcomes: tuple[Path, dict[str, tuple[int, list[list[str]]]]]
) -> None:
    folder, found = outcomes
    code, events = found[name]
    case = CASES[name]
    number = list(CASES).index(name)
    folder = folder.resolve()
    named = {str(folder / word) for word in case.argv} | {str(folder / f"{number}-{case.file}")}
    for event, what in events:
        if event == "import":
            assert "payload" not in what
        elif event == "open":
            what = what if what.isdigit() else str(folder / what)
            inside = any(f"{what}/".startswith(f"{place}/") for place in (*PLACES, str(folder / case.cache)))
            beside = case.argv[0] == "sweep" and (what == str(folder) or what.startswith(str(folder / ".part-")))
            assert inside or beside or what in named or what.isdigit(), what
        else:
            raise AssertionError(f"{event} {what}")
    assert not (folder / "ran").exists()
    assert code == case.code
