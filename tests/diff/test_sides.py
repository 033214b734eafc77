"""Which files are sides, which model each gets, and one clear message for what cannot be read."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pgaudit
from pgaudit.diff import compare
from pgaudit.report import Report
from pgaudit.sources.pair import audit_pair
from pgaudit.sources.source import open_side

CONFIG = "optimizer: {type: SGD, lr: 0.1}\nparamwise_cfg: {custom_keys: {'0': {lr_mult: 2}}}\n"
NETS = "from torch import nn\ndef tiny(width=2): return nn.Sequential(nn.Linear(width, width), nn.Linear(2, 2))\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("nets.py", "deep/nets.py", "mods.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(NETS)
    (tmp_path / "c.yaml").write_text(CONFIG)
    (tmp_path / "named.yaml").write_text(f"model: nets.py:tiny\nmodel_args: {{width: 3}}\n{CONFIG}")
    (tmp_path / "deep" / "named.yaml").write_text(f"model: nets.py:tiny\n{CONFIG}")
    (tmp_path / "r.json").write_text(json.dumps(_report()))
    return tmp_path


def _report(model: str = "mods:tiny") -> dict[str, Any]:
    return pgaudit.audit(model, "c.yaml").to_dict()


def _sides(a: str, b: str, **options: Any) -> tuple[Report, Report, tuple[str, ...]]:
    sides = audit_pair(open_side(a), open_side(b), **options)
    return sides.a, sides.b, sides.notes


@pytest.mark.parametrize(
    ("a", "b", "model", "refs", "notes"),
    [
        ("c.yaml", "c.yaml", "nets.py:tiny", ("nets.py:tiny", "nets.py:tiny"), 0),
        ("named.yaml", "named.yaml", None, ("nets.py:tiny", "nets.py:tiny"), 0),
        ("named.yaml", "c.yaml", None, ("nets.py:tiny", "nets.py:tiny"), 1),
        ("c.yaml", "named.yaml", None, ("nets.py:tiny", "nets.py:tiny"), 1),
        ("named.yaml", "c.yaml", "mods:tiny", ("mods:tiny", "mods:tiny"), 0),
        ("r.json", "named.yaml", None, ("mods:tiny", "nets.py:tiny"), 0),
        ("r.json", "r.json", "nets.py:tiny", ("mods:tiny", "mods:tiny"), 1),  # --model is said to have no effect
        ("/dev/null", "named.yaml", None, (None, "nets.py:tiny"), 0),
        ("r.json", "/dev/null", None, ("mods:tiny", None), 0),
    ],
)
def test_whose_model(a: str, b: str, model: str | None, refs: tuple[str | None, str | None], notes: int) -> None:
    one, other, said = _sides(a, b, model=model)
    assert (one.assignment.model.ref, other.assignment.model.ref) == refs
    assert len(said) == notes


def test_a_report_leads_to_no_code(folder: Path) -> None:
    """Its model is named anew, unless it is one of timm's."""
    with pytest.raises(pgaudit.UsageError, match=r'no model is named for "c.yaml" \(--model mods:tiny\)'):
        _sides("r.json", "c.yaml")


def test_a_borrowed_model_comes_with_its_arguments_and_the_command_lines_win() -> None:
    assert [side.params[0].param.shape for side in _sides("named.yaml", "c.yaml")[:2]] == [(3, 3), (3, 3)]
    both = _sides("named.yaml", "c.yaml", model_args={"width": 5})[:2]
    assert [side.params[0].param.shape for side in both] == [(5, 5), (5, 5)]


def test_a_model_of_both_sides_is_built_once(folder: Path) -> None:
    (folder / "nets.py").write_text(NETS + "open('log', 'a').write('.')\n")
    _sides("named.yaml", "c.yaml")
    assert (folder / "log").read_text() == "."
    _sides("named.yaml", "deep/named.yaml")  # other arguments
    assert (folder / "log").read_text() == "..."


def test_a_wrapper_is_walked_for_each_constructor(folder: Path) -> None:
    (folder / "w.py").write_text(
        "from torch import nn\nclass W(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        "        self.module = nn.Linear(2, 2)\n"
    )
    (folder / "s.yaml").write_text("solver: {basic_lr: 0.1}\n")
    one, other, _ = _sides("c.yaml", "s.yaml", model="w.py:W")
    assert [side.params[0].name for side in (one, other)] == ["weight", "module.weight"]


def _cut(text: str) -> str:
    return text[: len(text) // 2]


def _with(path: str, value: object) -> Callable[[str], str]:
    def changed(text: str) -> str:
        data = json.loads(text)
        *steps, last = path.split(".")
        inner = data
        for step in steps:
            inner = inner[int(step) if step.isdecimal() else step]
        inner[last] = value
        return json.dumps(data)

    return changed


WRONG: dict[str, tuple[Callable[[str], str | bytes], str]] = {
    "cut": (_cut, r"bad.json:1:\d+: the file ends in the middle of the JSON"),
    "empty": (lambda _: "", r"bad.json:1:1: the file ends in the middle"),
    "a comma": (lambda text: text.replace('"model"', ',"model"', 1), r"bad.json:1:\d+: not JSON: "),
    "other JSON": (lambda _: '{"params": []}', "not a report of pgaudit"),
    "a list": (lambda _: "[1]", "not a report of pgaudit"),
    "newer": (_with("schema_version", 2), r"schema version 2; this pgaudit reads 1 \(a newer pgaudit wrote it\)"),
    "no version": (_with("schema_version", {"a": 1}), "schema version .*; this pgaudit reads 1"),
    "true": (_with("schema_version", True), "schema version true"),
    "not UTF-8": (lambda text: text.encode("utf-16"), r"bad.json:1:1: byte 0xFF is not UTF-8"),
    "NaN": (_with("params.0.lr", float("nan")), "NaN is no number"),
    "infinite": (lambda text: text.replace('"lr": 0.2', '"lr": 1e999', 1), r"params\.0\.lr: "),
    "a text": (_with("params.1.lr", "0.1"), r'params\.1\.lr: expected a number, got the text "0.1"'),
    "no rule": (_with("params.0.lr_rule", 3), r"params\.0\.lr_rule: expected a mapping"),
    "no params": (_with("params", None), r"params: expected a list"),
    "deep": (lambda _: "[" * 100_000, "nested too deeply|in the middle"),
    "digits": (lambda text: text.replace("0.2", "9" * 5000, 1), "not JSON|params"),
    "filtered": (_with("params", []), "the report holds 0 of 4 tensors, and all are needed"),
    "twice": (_with("params.0.aliases", ["1.bias"]), 'the report names "1.bias" 2 times'),
}


@pytest.mark.parametrize(("spoil", "message"), WRONG.values(), ids=WRONG.keys())
def test_what_is_no_report_is_a_config_error(folder: Path, spoil: Callable[[str], str | bytes], message: str) -> None:
    spoilt = spoil((folder / "r.json").read_text())
    (folder / "bad.json").write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
    with pytest.raises(pgaudit.ConfigError, match=message):
        open_side("bad.json")


def test_many_faults_are_not_all_listed(folder: Path) -> None:
    data = _report("resnet18")
    for param in data["params"]:
        param["lr"] = "x"
    (folder / "bad.json").write_text(json.dumps(data))
    with pytest.raises(pgaudit.ConfigError, match="and 59 more like these") as caught:
        open_side("bad.json")
    assert len(caught.value.findings) == 4


def test_too_large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgaudit.sources.saved_report.MAX_BYTES", 10)
    with pytest.raises(pgaudit.ConfigError, match="larger than the 10 bytes"):
        open_side("r.json")


@pytest.mark.parametrize(
    ("path", "message"),
    [("r.jsn", 'did you mean "r.json"'), ("deep", "is a folder"), ("no\0name", "cannot read"), ("x/y", "no such file")],
)
def test_what_cannot_be_opened(path: str, message: str) -> None:
    with pytest.raises(pgaudit.ConfigError, match=message):
        open_side(path)


def test_a_report_is_known_by_its_beginning_where_its_name_says_nothing(folder: Path) -> None:
    (folder / "r").write_bytes(b"\xef\xbb\xbf\n" + (folder / "r.json").read_bytes())
    assert isinstance(open_side("r").found, Report)
    (folder / "flow").write_text("{optimizer: {type: SGD, lr: 0.1}}")
    assert isinstance(open_side("flow").found, pgaudit.Config)


@pytest.mark.parametrize("name", ["c.yaml", "r.json"])
def test_a_pipe_is_read_once_and_named_as_given(folder: Path, name: str) -> None:
    read, write = os.pipe()
    os.write(write, (folder / name).read_bytes())
    os.close(write)
    try:
        a, b, _ = _sides(f"/dev/fd/{read}", "c.yaml", model="mods:tiny")
    finally:
        os.close(read)
    assert a.path == f"/dev/fd/{read}"
    assert compare(a, b).changes == ()


def test_an_error_in_a_pipe_names_the_pipe() -> None:
    read, write = os.pipe()
    os.write(write, b"optimzer: {}")
    os.close(write)
    with pytest.raises(pgaudit.ConfigError, match=rf"/dev/fd/{read}:1:1: unknown key"):
        open_side(f"/dev/fd/{read}")
    os.close(read)


def test_the_base_values_of_basecls_are_its_own() -> None:
    config = {"solver": {"basic_lr": 0.1, "weight_decay": [[0, "bias"], 1e-4]}}
    assert pgaudit.audit("mods:tiny", config).shown_base()[1] == 1e-4
    all_matched = {"solver": {"basic_lr": 0.1, "weight_decay": [[0, "."], 1e-4]}}
    assert pgaudit.audit("mods:tiny", all_matched).shown_base()[1] is None
