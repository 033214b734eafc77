"""A lock says exactly what was agreed, and a damaged one says so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import pgaudit
from pgaudit.catalogue import example
from pgaudit.core.errors import ConfigError
from pgaudit.diff import compare
from pgaudit.report import Report
from pgaudit.sources.lock import is_lock, written
from pgaudit.sources.lock_names import expanded, spelled
from pgaudit.sources.lock_reading import read_lock
from tests.budget import examples
from tests.diff import made
from tests.diff.random_sides import SIDES, reports


def _read(text: str) -> Report:
    return read_lock("x.lock", text.encode())


def _agrees(report: Report) -> None:
    text = written(report)
    assert text.isascii()
    again = _read(text)
    found = compare(report, again)
    assert not found.setup
    assert not found.changes  # not even another rule
    assert found.unchanged == len(report)
    about, read = report.assignment.model, again.assignment.model
    assert (read.ref, read.source, again.constructor) == (about.ref, about.source, report.constructor)
    assert written(_in_order_of(report, again)) == text


def _in_order_of(report: Report, again: Report) -> Report:
    """What was read, in the other's order, and with the classes of the modules by which names are folded."""
    params = tuple(
        replace(again[each.name], param=replace(again[each.name].param, module_type=each.param.module_type))  # type: ignore[type-var]
        for each in report
    )
    return replace(again, assignment=replace(again.assignment, params=params))


@settings(max_examples=examples(100))
@given(pair=reports())
def test_random_reports_are_locked_exactly(pair: tuple[Report, Report]) -> None:
    for report in pair:
        _agrees(report)


@settings(max_examples=examples(300))
@given(side=SIDES)
def test_random_hostile_names_are_locked_exactly(side: Report) -> None:
    params = tuple(
        replace(each, param=replace(each.param, aliases=()))  # type: ignore[type-var]
        for each in side
    )
    assume(params)
    model = replace(side.assignment.model, ref=(side.assignment.model.ref or "").replace("\x1b", "") or None)
    _agrees(replace(side, assignment=replace(side.assignment, params=params, model=model)))


@pytest.mark.parametrize("module", ["a,b", "{0,3}", "{0..2}", "{0..1}.{weight,bias}", "a{", "}", "0..1", '"', "#"])
def test_a_models_own_braces_and_commas_are_locked_exactly(module: str) -> None:
    names = [f"{module}.{leaf}" for leaf in ("weight", "bias")]
    params = [made.param(name, weight_decay_rule=None) for name in names]
    _agrees(made.report(*params, model="m", source="file"))


@pytest.mark.parametrize(
    "config",
    [
        *({"constructor": name, **asked} for name, asked in example.asked().items()),
        {"SOLVER": {"WEIGHT_DECAY_BIAS": 0.0}},
        {"SOLVER": {"BIAS_LR_FACTOR": 2.0}},
    ],
    ids=lambda config: str(config.get("constructor", config)),
)
def test_the_words_of_every_constructor_are_read_back(config: dict[str, Any]) -> None:
    _agrees(pgaudit.audit(example.inventory(), config))


EXAMPLE = {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4}, "paramwise_cfg": {"norm_decay_mult": 0}}


@pytest.fixture(scope="module")
def text() -> str:
    return written(pgaudit.audit("resnet18", EXAMPLE))


def test_a_lock_is_short_and_in_the_models_order(text: str) -> None:
    lines = text.splitlines()
    assert lines[0] == "pgaudit lock, format 1"
    assert lines[2:6] == [
        "model: resnet18",
        "source: timm",
        "constructor: mmcv",
        'optimizer: {"type": "SGD", "lr": 0.1, "weight_decay": 0.0001}',
    ]
    assert lines[8:10] == [
        "0.1  0.0001  default: conv1.weight",
        "0.1  0.0  weight_decay norm_decay_mult: bn1.{weight,bias}",
    ]
    assert "0.1  0.0001  default: layer{1..4}.{0,1}.conv{1,2}.weight" in lines
    assert lines[-1] == "# end"
    assert len(lines) < 17


def test_one_change_is_one_line(text: str) -> None:
    config = {**EXAMPLE, "paramwise_cfg": {"norm_decay_mult": 0, "custom_keys": {"fc.": {"lr_mult": 10}}}}
    changed = written(pgaudit.audit("resnet18", config)).splitlines()
    assert set(changed) - set(text.splitlines()) == {'1.0  0.0001  custom_keys."fc.": fc.{weight,bias}'}
    assert set(text.splitlines()) - set(changed) == {"0.1  0.0001  default: fc.{weight,bias}"}


DAMAGED: dict[str, tuple[Callable[[str], str], int | None, str]] = {
    "empty": (lambda t: "", 1, "no lock"),
    "another file": (lambda t: "optimizer: {}\n", 1, "no lock"),
    "newer": (lambda t: t.replace("format 1", "format 5"), 1, "lock format 5; this pgaudit reads 4"),
    "merge": (lambda t: t.replace("0.1  0.0001", "<<<<<<< HEAD\n0.1  0.0001", 1), 9, "merge conflict"),
    "merge of both sides": (lambda t: t.replace("0.1  0.0001", "=======\n0.1  0.0001", 1), 9, "merge conflict"),
    "merge at the top": (lambda t: "<<<<<<< HEAD\n" + t, 1, "merge conflict"),
    "cut": (lambda t: t[:-2], None, "ends too early"),
    "cut at the end of a line": (lambda t: "".join(t.splitlines(keepends=True)[:12]), None, "ends too early"),
    "cut in the head": (lambda t: t[: t.index("constructor")], None, "ends too early"),
    "twice": (
        lambda t: t[:-6] + "0.1  0.0  default: conv1.weight\n# end\n",
        None,
        "conv1.weight. stands here a second",
    ),
    "no number": (lambda t: t.replace("0.0001  default: conv1", "x  default: conv1"), 9, "could not convert"),
    "no line": (lambda t: t.replace("default: conv1.weight", "default conv1.weight"), 9, "no setting"),
    "a brace": (lambda t: t.replace("conv1.weight", "conv{1.weight"), 9, "a brace"),
    "a range": (lambda t: t.replace("conv1.weight", "conv{9..1}.weight"), 9, "counts down"),
    "too much": (lambda t: t.replace("conv1.weight", "a{0..99999}{0..99999}"), 9, "more than 1,000,000 names"),
    "a quote": (lambda t: t.replace("conv1.weight", '"conv1'), 9, "not a quoted name"),
    "an optimizer": (lambda t: t.replace("optimizer: {", "optimizer: ["), None, "head cannot be read"),
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_what_is_wrong_and_where(text: str, damage: str) -> None:
    change, line, message = DAMAGED[damage]
    with pytest.raises(ConfigError, match=message) as error:
        _read(change(text))
    (problem,) = error.value.findings
    assert problem.location is not None
    assert problem.location.path == "x.lock"
    if line is not None:
        assert problem.location.line == line


@settings(max_examples=examples(300))
@given(data=st.data())
def test_random_damage_is_seen_or_harmless(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(at, min(len(text), at + 40)))
    put = data.draw(st.text(max_size=5))
    try:
        side = read_lock("x.lock", (text[:at] + put + text[end:]).encode("utf-8", "surrogatepass"))
    except ConfigError:
        return
    assert len(side)


@given(
    names=st.lists(
        st.from_regex(r"[a-z]{1,3}(\.[0-9]{1,2}){1,2}\.(weight|bias)", fullmatch=True), min_size=1, unique=True
    )
)
def test_random_names_survive_folding(names: list[str]) -> None:
    from pgaudit.names import fold_named

    folds = fold_named((name, 0, 0, name) for name in names)
    again = [name for fold in folds for text in spelled(fold.name, fold.rows) for name in expanded(text)]
    assert sorted(again) == sorted(names)


@pytest.mark.parametrize("name", ['"', "{a}", "a,b", "a: b", "{0..2}", "é", "", " ", "a\nb"])
def test_odd_names_are_quoted(name: str) -> None:
    assert list(spelled(name, [name])) == [json.dumps(name)]
    assert expanded(json.dumps(name)) == [name]


def test_a_lock_is_known_by_its_ending_or_its_beginning(text: str) -> None:
    assert is_lock("a.lock", b"")
    assert is_lock("/dev/fd/63", text.encode())
    assert not is_lock("a.yaml", b"optimizer: {}")
