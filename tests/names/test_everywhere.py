"""What any output prints, every input takes: folded names and plain ones, whatever characters a model's names have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit.checks.ignore import sorted_out
from pgaudit.config import load_config
from pgaudit.core.config import Ignore
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.core.findings import Finding
from pgaudit.explanation import matching
from pgaudit.folds import fold
from pgaudit.gate import baseline
from pgaudit.names import Glob, GlobError, fold_named
from pgaudit.render.select import Selection, select
from pgaudit.report import Report
from pgaudit.sources.lock import written
from pgaudit.sources.lock_reading import read_lock
from pgaudit.text import visible
from tests.budget import examples

SGD = {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 0.01}}


@lru_cache(maxsize=1)
def _report(model: nn.Module) -> Report:
    return pgaudit.audit(model, SGD)


def model_of(names: Sequence[str]) -> nn.Module:
    """A model with a vector under each name."""
    model = nn.Module()
    for name in names:
        *path, own = name.split(".")
        module = model
        for segment in path:
            if segment not in module._modules:
                module.add_module(segment, nn.Module())
            child = module._modules[segment]
            assert child is not None
            module = child
        module.register_parameter(own, nn.Parameter(torch.zeros(2)))
    return model


def by_filter(model: nn.Module, text: str) -> set[str]:
    (section,) = select(_report(model), Selection(filters=(text,)))
    return {row.name for row in section.rows}


def by_explain(model: nn.Module, text: str) -> set[str]:
    return {row.name for row in matching(_report(model), text)}


def by_expected_params(model: nn.Module, text: str) -> set[str]:
    from pgaudit.config.expect import expectations
    from pgaudit.gate.expected import unexpected

    notices = unexpected(_report(model), expectations({"params": {text: {"lr": 99.0}}}, (), None, {}))
    return {name for notice in notices for name in notice.params}


def by_expected_rule(model: nn.Module, text: str) -> set[str]:
    from pgaudit.config.expect import expectations
    from pgaudit.gate.expected import unexpected

    report = _report(model)
    notices = unexpected(report, expectations({"rules": {"default": {"params": text}}}, (), None, {}))
    return {row.name for row in report.params} - {name for notice in notices for name in notice.params}


def by_ignore(model: nn.Module, text: str) -> set[str]:
    """A finding is ignored only where all its parameters match: one for each tells."""
    report = _report(model)
    findings = [Finding("PG001", "x", "error", "x", params=(row.name,)) for row in report.params]
    return {name for each in sorted_out(findings, [_ignore(text)], report.names).ignored for name in each.params}


def _ignore(text: str) -> Ignore:
    return load_config({**SGD, "findings": {"ignore": {"PG001": {"reason": "known", "param": text}}}}).ignores[0]


def by_rule(model: nn.Module, text: str) -> set[str]:
    rules = {"constructor": "rules", "paramwise_cfg": {"rules": [{"match": text, "lr": 99.0}]}}
    return {row.name for row in pgaudit.audit(model, {**SGD, **rules}).params if row.lr == 99.0}


TAKERS: dict[str, Callable[[nn.Module, str], set[str]]] = {
    "--filter": by_filter,
    "explain": by_explain,
    "expect.params": by_expected_params,
    "expect.rules": by_expected_rule,
    "findings.ignore": by_ignore,
    "rules": by_rule,
}

_SEGMENTS = st.one_of(
    st.sampled_from("a layer1 layer2 0 1 2 10 007 {a,b} {0,1} [ab] [a]0 [a]1 * ?1 ?2 x{1 x{2 ! ] weight bias".split()),
    st.text("a01*?[]{},!-\x1b\u202eé ٣", min_size=1, max_size=4),
)
_NAMES = st.lists(
    st.tuples(
        st.lists(_SEGMENTS, max_size=2), st.one_of(st.sampled_from(["weight", "bias", "{weight,bias}"]), _SEGMENTS)
    )
    .map(lambda parts: ".".join([*parts[0], parts[1]]))
    .filter(lambda name: len(visible(name)) < 60),
    min_size=1,
    max_size=8,
    unique=True,
)


def _possible(names: Sequence[str]) -> list[str]:
    """Without those that are a module of others, which torch refuses, or would be an attribute of one."""
    return [name for name in names if not any(other.startswith(f"{name}.") for other in names)]


@pytest.mark.parametrize("taker", TAKERS)
@settings(max_examples=examples(15), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(names=_NAMES)
def test_random_names_are_taken_as_they_are_printed(taker: str, names: list[str]) -> None:
    names = _possible(names)
    model = model_of(names)
    report = _report(model)
    for line in fold(report.params, report.defaults.named):
        members = {row.name for row in line.rows}
        if len(members) > 1:
            assert TAKERS[taker](model, visible(line.name)) == members
    for name in names:
        if [visible(other) for other in names].count(visible(name)) == 1 and (taker != "rules" or _is_glob(name)):
            assert TAKERS[taker](model, visible(name)) == {name}


def _is_glob(text: str) -> bool:
    try:
        Glob(text)
    except GlobError:
        return False
    return True


@settings(max_examples=examples(20), deadline=None)
@given(names=_NAMES)
def test_random_names_come_back_from_files(names: list[str], tmp_path_factory: pytest.TempPathFactory) -> None:
    names = _possible(names)
    report = pgaudit.audit(model_of(names), SGD)
    side = read_lock("x.lock", written(report).encode())
    assert sorted(param.name for param in side) == sorted(names)
    finding = Finding("PG010", "x", "error", "x", key="k", params=tuple(names))
    path = Path(tmp_path_factory.mktemp("baseline")) / "known.json"
    path.write_text(baseline.written([finding]))
    assert {param for _, _, param in baseline.read(str(path))} == set(names)


@given(names=_NAMES)
def test_random_folded_names_are_globs_for_just_these(names: list[str]) -> None:
    for line in fold_named((name, 0, 0, name) for name in names):
        if len(line.rows) > 1:
            assert {name for name in names if Glob(line.name).matches(name)} >= set(line.rows)
            assert sorted(Glob(line.name).spelled_out()) == sorted(line.rows)


RESNET = [
    "conv1.weight",
    *(f"layer1.{n}.bn{m}.{leaf}" for n in range(3) for m in (1, 2) for leaf in ("weight", "bias")),
]


@pytest.mark.parametrize("taker", TAKERS)
def test_what_show_folds(taker: str) -> None:
    found = TAKERS[taker](model_of(RESNET), "layer1.{0..2}.bn1.{weight,bias}")
    assert found == {name for name in RESNET if ".bn1." in name}


@pytest.mark.parametrize("take", [by_filter, by_explain])
def test_modules_may_be_folded_too(take: Callable[[nn.Module, str], set[str]]) -> None:
    assert take(model_of(RESNET), "layer1.{0,2}.bn2") == {
        name for name in RESNET if ".bn2." in name and ".1." not in name[6:10]
    }


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("bn2", 'did you mean "*.bn2.*"? It matches 6 names'),
        ("bn1.weight", 'did you mean "*.bn1.weight"? It matches 3 names'),
        ("2.bn1.weight", 'did you mean "layer1.2.bn1.weight"?'),
        ("conv1.wieght", 'did you mean "conv1.weight"?'),
        ("*.bn_2.*", 'did you mean "*.bn2.*"? It matches 6 names'),
        ("layer_1", 'did you mean "layer1.*"? It matches'),
        ("layer1.{0..2.bn1", "a brace does not close"),
    ],
)
@pytest.mark.parametrize("take", [by_filter, by_explain])
def test_what_was_probably_meant(take: Callable[[nn.Module, str], set[str]], text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        take(model_of(RESNET), text)
    assert hint in str(caught.value)


@pytest.mark.parametrize("take", [by_expected_params, by_expected_rule, by_rule])
def test_in_a_config_what_is_no_glob_is_refused(take: Callable[[nn.Module, str], set[str]]) -> None:
    with pytest.raises(ConfigError, match="not a glob"):
        take(model_of(RESNET), "layer1.{0..2.bn1")


def test_in_a_request_to_ignore_too() -> None:
    ignore = {"PG001": {"reason": "known", "param": "layer1.{0..2.bn1"}}
    with pytest.raises(ConfigError, match="not a glob"):
        pgaudit.audit(model_of(RESNET), {**SGD, "findings": {"ignore": ignore}})
