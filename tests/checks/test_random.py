"""Random models and policies: what the checks claim to change nothing is what changes nothing, and all of it."""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import pgaudit
from pgaudit import Config, Inventory, PgauditError
from pgaudit.checks import DOCUMENTED
from pgaudit.checks.what_if import without
from pgaudit.core.location import Path
from pgaudit.models.built import BuiltModel
from tests.budget import examples
from tests.parity.compare import Case
from tests.parity.random_models import chance, one_of, trees
from tests.parity.random_policies import cases, mmengine_cases
from tests.parity.trees import Spec, build

IDLE = frozenset({"PG001", "PG002", "PG005", "PG010"})
"""The findings that say that a rule changes nothing."""
Values = list[tuple[float | None, float | None, dict[str, Any]]]


@settings(max_examples=examples(150))
@given(case=cases())
def test_random_rules_are_idle_just_where_a_finding_says_so(case: Case) -> None:
    given_config = {key: value for key, value in case.items() if key != "model"}
    inventory = BuiltModel(build(case["model"]), "model").inventory(unwrap=True)
    try:
        report = pgaudit.audit(inventory, given_config)
    except PgauditError:
        return  # the library would refuse it
    said = _said(report)
    _are_idle_just_where_said(inventory, report.config, said)


@settings(max_examples=examples(150))
@given(case=mmengine_cases())
def test_random_rules_of_mmengine_are_idle_just_where_a_finding_says_so(case: Case) -> None:
    given_config = {key: value for key, value in case.items() if key != "model"}
    inventory = BuiltModel(build(case["model"]), "model").inventory(unwrap=True)
    try:
        report = pgaudit.audit(inventory, {**given_config, "constructor": "mmengine"})
    except PgauditError:
        return
    said = _said(report)
    _are_idle_just_where_said(inventory, report.config, said)


def _said(report: pgaudit.Report) -> list[tuple[str | None, str]]:
    """Each rule that a finding says to change nothing, with the finding's code. PG010 is about what is frozen."""
    found = [finding for finding in report.findings if finding.code in IDLE]
    own = [(finding.key, finding.code) for finding in found if finding.code != "PG010"]
    return [*own, *((key, finding.code) for finding in found for key in finding.keys)]


def _are_idle_just_where_said(inventory: Inventory, config: Config, said: list[tuple[str | None, str]]) -> None:
    for rule, at in _rules(config):
        now, then = _values(inventory, config), _values(inventory, without(config, at))
        codes = [code for key, code in said if key == rule]
        assert (now == then) == bool(codes), (rule, codes)
        assert len(codes) <= 1


@st.composite
def policies(draw: st.DrawFn) -> tuple[Spec, dict[str, Any]]:
    """A random model and a policy of BaseCls, with patterns cut out of the model's names."""
    spec = draw(trees())
    names = [name for name, _ in build(spec).named_parameters()]
    values = (0, -1, 1e-4, 1e-5)
    rules = []
    for _ in range(draw(st.integers(0, 4))):
        name = one_of(draw, names)
        start = draw(st.integers(0, len(name) - 1))
        pattern = name[start : start + draw(st.integers(1, 12))]
        rules.append([one_of(draw, values), "NORM_TYPES" if chance(draw, 20) else re.escape(pattern)])
    return spec, {"solver": {"basic_lr": 0.1, "weight_decay": [*rules, 1e-4]}}


@settings(max_examples=examples(80))
@given(case=policies())
def test_random_policies_are_idle_just_where_a_finding_says_so(case: tuple[Spec, dict[str, Any]]) -> None:
    spec, policy = case
    inventory = BuiltModel(build(spec), "model").inventory()
    report = pgaudit.audit(inventory, policy)
    said = Counter(key for key, _ in _said(report))
    idle: Counter[str | None] = Counter()
    for number, (_, pattern) in enumerate(policy["solver"]["weight_decay"][:-1]):
        fewer = without(report.config, ("solver", "weight_decay", number))
        idle[pattern] += _values(inventory, report.config) == _values(inventory, fewer)
    if len(idle) == len(policy["solver"]["weight_decay"]) - 1:  # without positions, equal rules are one
        assert {key: count for key, count in idle.items() if count} == dict(said)


@settings(max_examples=examples(100))
@given(case=cases(), mmengines=mmengine_cases(), mmengine=st.booleans())
def test_random_findings_are_about_what_is_there(case: Case, mmengines: Case, mmengine: bool) -> None:
    case = mmengines if mmengine else case
    given_config = {key: copy.deepcopy(value) for key, value in case.items() if key != "model"}
    try:
        report = pgaudit.audit(build(case["model"]), given_config, constructor="mmengine" if mmengine else None)
    except PgauditError:
        return
    assert given_config == {key: value for key, value in case.items() if key != "model"}
    names = {row.name for row in report.params}
    for finding in report.findings:
        kind = DOCUMENTED[finding.code].KIND
        assert (finding.name, finding.severity) == (kind.name, kind.severity)
        assert set(finding.params) <= names
        assert len(set(finding.params)) == len(finding.params)
        assert finding.message.isprintable()
        assert finding.hint is None or finding.hint.isprintable()


def _rules(config: Config) -> list[tuple[str, Path]]:
    """Each custom key and each multiplier that the library reads."""
    options: dict[str, Any] = dict(config.paramwise_cfg or {})
    keys = [(key, ("paramwise_cfg", "custom_keys", key)) for key in options.get("custom_keys", {})]
    own = () if config.constructor == "mmengine" else ("flat_decay_mult",)
    read = [name for name, mult in options.items() if name.endswith("_mult") and name not in own and mult is not None]
    return [*keys, *((name, ("paramwise_cfg", name)) for name in read)]


def _values(inventory: Inventory, config: Config) -> Values | None:
    """What every parameter gets; None where the library refuses."""
    try:
        report = pgaudit.audit(inventory, config)
    except PgauditError:
        return None
    read = {*report.defaults.filled_in, "initial_lr"}
    extra = ({key: row.setting.extra[key] for key in read & row.setting.extra.keys()} for row in report.params)
    # What a setting writes that the class would fill in anyway makes no difference.
    other = [{k: v for k, v in each.items() if repr(v) != repr(report.defaults.filled_in.get(k))} for each in extra]
    return [(row.lr, row.weight_decay, each) for row, each in zip(report.params, other, strict=True)]
