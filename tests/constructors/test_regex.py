"""The constructor `regex`, point by point.

JAX, on which big_vision runs, is no dependency of these tests: the tables are written by hand after big_vision 0127fb6,
`big_vision/optax.py` and `big_vision/utils.py`. In the random tests, Python's own `re.fullmatch` is the judge.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import pgaudit
from pgaudit import ConfigError
from pgaudit.constructors import constructor_named
from pgaudit.diff import compare
from pgaudit.explanation import explanations
from pgaudit.sources.lock import written
from pgaudit.sources.lock_reading import read_lock
from tests.budget import examples
from tests.parity.named import named

NAMES = (
    "token",
    "embed.weight",
    "blocks.1.norm.weight",
    "blocks.1.norm.bias",
    "blocks.1.fc.weight",
    "blocks.10.fc.weight",
    "blocks.10.relative_position_bias_table",
    "head.weight",
    "head.bias",
)
LR, DECAY = 0.01, 0.5


def model(*, frozen: Sequence[str] = (), twins: Mapping[str, str] = MappingProxyType({})) -> nn.Module:
    return named(NAMES, frozen=frozen, twins=twins)


def policy(decay: float | None = DECAY, **lists: Any) -> dict[str, Any]:
    optimizer: dict[str, Any] = {"type": "AdamW", "lr": LR}
    if decay is not None:
        optimizer["weight_decay"] = decay
        lists.setdefault("wd_mults", [[".*", 1.0]])
    return {"constructor": "regex", "optimizer": optimizer, "paramwise_cfg": lists}


def audited(decay: float | None = DECAY, of: nn.Module | None = None, **lists: Any) -> pgaudit.Report:
    return pgaudit.audit(of or model(), policy(decay, **lists))


def lrs(**lists: Any) -> dict[str, float | None]:
    """The lr of each parameter that has another than the base."""
    return {row.name: row.lr for row in audited(**lists).params if row.lr != LR}


def decays(*entries: Any, decay: float = DECAY) -> dict[str, float | None]:
    return {row.name: row.weight_decay for row in audited(decay, wd_mults=list(entries)).params if row.weight_decay}


# A8.1: make_mask_trees


def test_a_pattern_must_fit_the_whole_name() -> None:
    assert lrs(lr_mults=[["head", 2.0], ["weight", 3.0], ["token", 4.0]]) == {"token": 0.04}
    assert lrs(lr_mults=[["head.*", 2.0]]) == {"head.weight": 0.02, "head.bias": 0.02}


def test_case_matters_unless_a_pattern_says_otherwise() -> None:
    assert lrs(lr_mults=[["TOKEN", 2.0]]) == {}
    assert lrs(lr_mults=[["(?i)TOKEN", 2.0]]) == {"token": 0.02}


def test_a_dot_fits_any_character() -> None:
    assert set(lrs(lr_mults=[["blocks.1.*", 2.0]])) == {name for name in NAMES if name.startswith("blocks.1")}
    assert set(lrs(lr_mults=[[r"blocks\.1\..*", 2.0]])) == {name for name in NAMES if name.startswith("blocks.1.")}


def test_the_first_pattern_that_fits_wins() -> None:
    assert lrs(lr_mults=[["head.bias", 3.0], ["head.*", 2.0]]) == {"head.weight": 0.02, "head.bias": 0.03}
    assert lrs(lr_mults=[["head.*", 2.0], ["head.bias", 3.0]]) == {"head.weight": 0.02, "head.bias": 0.02}


def test_each_list_is_asked_by_itself() -> None:
    report = audited(lr_mults=[["head.*", 2.0]], wd_mults=[[".*bias", 0.0], [".*", 1.0]])
    assert (report["head.bias"].lr, report["head.bias"].weight_decay) == (0.02, 0.0)
    rules = report["head.bias"].setting
    assert rules.lr_rule is not None
    assert rules.weight_decay_rule is not None
    assert (rules.lr_rule.full, rules.weight_decay_rule.full) == ("lr_mults.head.*", "wd_mults..*bias")


def test_an_empty_pattern_fits_no_name() -> None:
    assert lrs(lr_mults=[["", 2.0]]) == {}


def test_a_pattern_that_begins_with_a_slash_is_refused() -> None:
    for option in ("schedule", "lr_mults", "wd_mults"):
        lists: dict[str, Any] = {option: [["/head/.*", 1.0], [".*", 1.0]]}
        with pytest.raises(ConfigError, match="never begin with a slash; big_vision would raise AssertionError"):
            pgaudit.audit(model(), policy(**lists))


def test_the_first_name_of_a_tied_parameter_decides() -> None:
    of = model(twins={"twin.weight": "head.weight"})
    report = audited(of=of, lr_mults=[["twin.*", 3.0], ["head.*", 2.0]], schedule=[["twin.*", None], [".*", {}]])
    assert report["twin.weight"].lr == 0.02
    assert report["twin.weight"].group is not None


# A8.2: schedule


@pytest.mark.parametrize("schedule", [{}, {"decay_type": "cosine"}, "constant", 0])
def test_a_schedule_that_is_no_list_is_for_all(schedule: Any) -> None:
    assert all(row.group is not None for row in audited(schedule=schedule).params)


def test_null_leaves_out_of_the_optimizer() -> None:
    report = audited(schedule=[["embed.*", None], ["token", None], [".*", {}]])
    assert {row.name for row in report.params if row.group is None} == {"embed.weight", "token"}
    row = report["token"]
    assert (row.lr, row.weight_decay) == (None, None)
    assert row.setting.lr_rule is not None
    assert row.setting.lr_rule.full == "schedule.token"
    found = [finding.message for finding in report.findings if finding.code == "PG010"]
    assert found == [f"schedule leaves out 1 tensor (11 % of the model): {name}" for name in ("token", "embed.weight")]
    side = report
    assert not compare(read_lock("a.lock", written(side).encode()), side).changes


def test_of_a_schedule_too_the_first_pattern_wins() -> None:
    report = audited(schedule=[["head.bias", {}], ["head.*", None], [".*", {}]])
    assert {row.name for row in report.params if row.group is None} == {"head.weight"}


def test_a_schedule_must_speak_of_every_parameter() -> None:
    with pytest.raises(ConfigError) as caught:
        audited(schedule=[["head.*", {}], ["token", {}]])
    (problem,) = caught.value.findings
    uncovered = "embed.weight, blocks.1.norm.weight, blocks.1.norm.bias"
    assert problem.message == f"no pattern fits 6 tensors: {uncovered} ...; big_vision would raise AssertionError"
    assert problem.hint == 'end the list with [".*", {}], or [".*", null] to leave the rest out'


def test_it_must_speak_of_frozen_ones_too() -> None:
    names = ("token", "head.weight")
    with pytest.raises(ConfigError, match="no pattern fits 1 tensor: token; big_vision"):
        audited(of=named(names, frozen=["token"]), schedule=[["head.*", {}]])


def test_frozen_parameters_are_left_out() -> None:
    report = audited(of=model(frozen=["head.bias"]), lr_mults=[["head.*", 2.0]])
    row = report["head.bias"]
    assert (row.group, row.lr) == (None, None)
    assert row.setting.lr_rule is not None
    assert row.setting.lr_rule.option == "frozen"


# A8.2: lr_mults


def test_what_no_pattern_fits_has_the_base_lr() -> None:
    row = audited(lr_mults=[["head.*", 2.0]])["token"]
    assert row.lr == LR
    assert row.setting.lr_rule is not None
    assert row.setting.lr_rule.is_base


@pytest.mark.parametrize("none", [None, []])
def test_no_lr_mults_are_none(none: Any) -> None:
    assert lrs(lr_mults=none) == {}


@pytest.mark.parametrize("mult", [0, 0.0, -1])
def test_lr_mults_are_above_zero(mult: float) -> None:
    with pytest.raises(ConfigError, match="is not above 0; big_vision would raise AssertionError") as caught:
        audited(lr_mults=[["nowhere", mult]])  # even where they fit nothing
    assert caught.value.findings[0].hint == "what shall not train has null in `schedule`"


# A8.2: wd_mults


def test_what_no_pattern_fits_does_not_decay() -> None:
    assert decays([".*weight", 0.5]) == {name: 0.25 for name in NAMES if name.endswith("weight")}
    rule = audited(wd_mults=[[".*weight", 0.5]])["token"].setting.weight_decay_rule
    assert rule is not None
    assert (rule.full, rule.is_base) == ("wd_mults", False)  # it is the list that says so, not the optimizer


def test_zero_first_exempts() -> None:
    assert "blocks.1.norm.weight" not in decays([".*norm.*", 0], [".*weight", 1])
    assert "blocks.1.norm.weight" in decays([".*weight", 1], [".*norm.*", 0])


@pytest.mark.parametrize("decay", [None, 0, 0.0])
def test_without_weight_decay_nothing_decays_and_no_patterns_are_needed(decay: float | None) -> None:
    config = policy(None, lr_mults=[["head.*", 2.0]])
    config["optimizer"] |= {} if decay is None else {"weight_decay": decay}
    assert {row.weight_decay for row in pgaudit.audit(model(), config).params} == {0.0}  # AdamW's own is 0.01
    # big_vision does not even look at them.
    config["paramwise_cfg"]["wd_mults"] = [["/head", 1.0]]
    assert {row.weight_decay for row in pgaudit.audit(model(), config).params} == {0.0}


@pytest.mark.parametrize("lists", [None, {}, {"lr_mults": [["head.*", 2.0]]}, {"wd_mults": None}])
def test_the_default_that_fits_no_torch_name_is_not_guessed_at(lists: dict[str, Any] | None) -> None:
    optimizer = {"type": "AdamW", "lr": LR, "weight_decay": DECAY}
    with pytest.raises(ConfigError, match="nothing says which parameters decay") as caught:
        pgaudit.audit(model(), {"constructor": "regex", "optimizer": optimizer, "paramwise_cfg": lists})
    assert caught.value.findings[0].hint == 'write it out: wd_mults: [[".*weight", 1.0]]'


# Groups


def test_groups_are_by_values_in_the_order_of_the_model() -> None:
    report = audited(lr_mults=[["head.*", 2.0], ["token", 1]], wd_mults=[[".*weight", 1.0], [".*bias", 0.0]])
    assert [(group.lr, group.weight_decay, group.parameters) for group in report.groups] == [
        (0.01, 0.0, 3),
        (0.01, 0.5, 4),
        (0.02, 0.5, 1),
        (0.02, 0.0, 1),
    ]
    config = policy(wd_mults=[[".*weight", 1.0]], schedule=[["token", None], [".*", 1]])
    optimizer = pgaudit.build_optimizer(model(), config)
    assert [(group["lr"], group["weight_decay"], len(group["params"])) for group in optimizer.param_groups] == [
        (0.01, 0.5, 5),
        (0.01, 0.0, 3),
    ]


# What is refused, and where

REFUSED = {
    "no pair": ("lr_mults: [[a]]", "5:14: an entry is a pattern and its value"),
    "no pattern": ("lr_mults: [[1, 2]]", "5:14: an entry is a pattern and its value"),
    "a mapping": ("lr_mults: {a: 2}", "5:3: expected a list of [pattern, number]"),
    "no number": ("lr_mults: [[a, x]]", '5:18: expected a number, got the text "x"'),
    "a truth": ("wd_mults: [[a, true]]", "5:18: expected a number, got true"),
    "infinity": ("wd_mults: [[a, .inf]]", "5:18: inf is no multiplier"),
    "no expression": ("wd_mults: [['a(', 1]]", "5:15: not a regular expression: missing )"),
    "an empty schedule": ("schedule: []", "5:3: the list is empty; big_vision would raise ValueError"),
    "empty wd_mults": ("wd_mults: []", "5:3: the list is empty; big_vision would raise ValueError"),
    "all frozen": ("schedule: [[a, null], [b, null]]", "5:3: this freezes every parameter"),
    "nothing scheduled": ("schedule: null", "5:3: this freezes every parameter"),
    "a slash": ("schedule: [['/a/b', 1]]", "5:15: names never begin with a slash"),
    "too large": ("lr_mults: [['.*', 1.0e+308]]", "5:21: lr 100 × 1e+308 is too large for a number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(tmp_path: Path, case: str) -> None:
    written, said = REFUSED[case]
    path = tmp_path / "a.yaml"
    decay = "" if "wd_mults" in written else "  wd_mults: [['.*', 1]]\n"
    head = "constructor: regex\noptimizer: {type: SGD, lr: 100, weight_decay: 1}\n# patterns\nparamwise_cfg:\n"
    path.write_text(f"{head}  {written}\n{decay}")
    with pytest.raises(ConfigError) as caught:
        pgaudit.audit(model(), path)
    (problem,) = caught.value.findings
    assert problem.location is not None
    message = re.sub(r"^paramwise_cfg[.\w]*: ", "", problem.message)
    assert f"{problem.location.line}:{problem.location.column}: {message}".startswith(said)


def test_there_must_be_an_lr() -> None:
    with pytest.raises(ConfigError, match="there is no lr, and big_vision has none of its own"):
        pgaudit.audit(model(), {"constructor": "big_vision", "optimizer": {"type": "AdamW"}})


# Findings


def _findings(code: str, **lists: Any) -> list[str]:
    found = audited(**lists).findings
    return [f"{finding.message} ({finding.hint})" for finding in found if finding.code == code]


def test_findings() -> None:
    assert _findings("PG001", lr_mults=[["heat.*", 2.0]]) == ['"heat.*" matches no parameter (did you mean "head.*"?)']
    assert _findings("PG001", schedule=[["nowhere", None], [".*", {}]])
    assert not _findings("PG001", schedule=[["nowhere", {}], [".*", {}]])
    (shadowed,) = _findings("PG002", lr_mults=[[".*", 2.0], ["head.*", 3.0]])
    assert "the first pattern of a list that fits wins" in shadowed
    (shadowed,) = _findings("PG002", schedule=[[".*", 1], ["head.*", None]])
    assert "an earlier pattern of `schedule` fits" in shadowed
    (left_out,) = _findings("PG002", schedule=[["head.*", None], [".*", 1]], lr_mults=[["head.*", 3.0]])
    assert "what has null in `schedule` is left out, whatever the multipliers" in left_out
    (over,) = _findings("PG003", lr_mults=[[r"blocks\.1.*", 2.0]])
    assert over.startswith(r'"blocks\.1.*" also hits inside blocks.10')
    assert not _findings("PG003", lr_mults=[[r"blocks\.1\..*", 2.0]])
    (inert,) = _findings("PG005", lr_mults=[["head.*", 1.0]])
    assert inert.startswith('"head.*" changes nothing here')
    assert not _findings("PG005", lr_mults=[["head.bias", 1.0], ["head.*", 2.0]])
    (middle,) = _findings("PG016", wd_mults=[[".*bias.*", 0.0], [".*", 1.0]])
    assert middle.startswith('".*bias.*" also hits the middle of a word')
    (unknown,) = _findings("PG011", wd_mult=[])
    assert 'regex has no option "wd_mult" in paramwise_cfg' in unknown


class Asking(nn.Module):
    """Names what it would not have decayed."""

    def __init__(self) -> None:
        super().__init__()
        self.token = nn.Parameter(torch.zeros(2))
        self.table_of_tokens = nn.Parameter(torch.zeros(2))
        self.fc = nn.Linear(2, 2)

    def no_weight_decay(self) -> set[str]:
        return {"token"}


def test_what_a_model_asks_for_is_written_as_the_hint_says() -> None:
    report = audited(of=Asking(), wd_mults=[[".*", 1.0]])
    (finding,) = (finding for finding in report.findings if finding.code == "PG007")
    assert "no_weight_decay() names" in finding.message
    assert finding.hint is None  # `.*token.*` would take the table as well
    report = audited(of=nn.ModuleDict({"fc": nn.Linear(2, 2), "norm": nn.LayerNorm(2)}))
    written = constructor_named("regex").exempting(report.config, "norm")
    assert written is not None
    assert written[0] == ".*norm.*"
    after = pgaudit.audit(report.inventory, written[1])
    assert {row.name for row in after.params if row.weight_decay} == {"fc.weight", "fc.bias"}
    assert constructor_named("regex").exempting(written[1], "norm") is None


# Random lists

PATTERNS = st.sampled_from(
    [
        ".*",
        ".*?",
        "",
        "token",
        "head",
        "head.*",
        r"head\..*",
        ".*weight",
        ".*bias.*",
        ".*bias$",
        "blocks.1.*",
        r"blocks\.\d+\.(norm|fc)\..*",
        "(?:.*norm.*|token)",
        "token|.*bias",
        r".*\.*",
        r".*\\.*",
        "[a-h].*",
        "(?i).*WEIGHT",
        r"(.)(.).*\2\1.*",
        ".*/kernel$",
    ]
)
ODD = PATTERNS | st.sampled_from(["/head.*", "a(", "["])
LISTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"wd_mults": st.lists(st.tuples(PATTERNS, st.sampled_from([0, 0.5, 1, -1.0])), min_size=1, max_size=4)},
    optional={
        "schedule": st.sampled_from([{}, None])
        | st.lists(st.tuples(PATTERNS, st.none() | st.just({})), max_size=3).map(lambda found: [*found, (".*", {})]),
        "lr_mults": st.lists(st.tuples(PATTERNS, st.sampled_from([0.5, 1, 2.0])), max_size=4),
    },
)
ODD_LISTS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "schedule": st.none() | st.lists(st.tuples(ODD, st.none() | st.just({})), max_size=3),
        "lr_mults": st.none() | st.lists(st.tuples(ODD, st.sampled_from([-1, 0, 0.5])), max_size=3),
        "wd_mults": st.lists(st.tuples(ODD, st.sampled_from([0, 1])), max_size=3),
    },
)


class Refused(Exception):
    pass


def judged(lists: Mapping[str, Any], decay: float, names: Sequence[str]) -> dict[str, tuple[float, float] | None]:
    """What each name gets by the words of big_vision; None for what is left out."""

    def entries(value: Any) -> list[tuple[str, Any]]:
        try:
            if not value or any(pattern.startswith("/") for pattern, _ in value):
                raise Refused
            for pattern, _ in value:
                re.compile(pattern)
        except re.error:
            raise Refused from None
        return list(value)

    schedule = lists.get("schedule", {})
    schedule = entries(schedule if isinstance(schedule, list) else [(".*", schedule)])
    lr_mults = entries(lists["lr_mults"]) if lists.get("lr_mults") else []
    wd_mults = entries(lists.get("wd_mults", [(".*/kernel$", 1.0)])) if decay else []
    if all(value is None for _, value in schedule) or any(mult <= 0 for _, mult in lr_mults):
        raise Refused
    if (decay and "wd_mults" not in lists) or {"a(", "["} & {pattern for pattern, _ in lists.get("wd_mults", ())}:
        raise Refused  # ours alone

    def first(found: list[tuple[str, Any]], name: str, otherwise: Any) -> Any:
        return next((value for pattern, value in found if re.fullmatch(pattern, name)), otherwise)

    given: dict[str, tuple[float, float] | None] = {}
    for name in names:
        trains = first(schedule, name, Refused)
        if trains is Refused:
            raise Refused
        values = (LR * first(lr_mults, name, 1), decay * first(wd_mults, name, 0))
        given[name] = None if trains is None else values
    return given


@settings(max_examples=examples(300))
@given(lists=LISTS | ODD_LISTS, decay=st.sampled_from([0, 0.5]), frozen=st.lists(st.sampled_from(NAMES), max_size=2))
def test_random_lists(lists: dict[str, Any], decay: float, frozen: list[str]) -> None:
    of = model(frozen=frozen, twins={"twin.weight": "head.weight"})
    config = {**policy(None), "paramwise_cfg": lists}
    config["optimizer"]["weight_decay"] = decay
    try:
        wanted = judged(lists, decay, NAMES)
    except Refused:
        with pytest.raises(ConfigError):
            pgaudit.audit(of, config)
        return
    trained = {name for name, values in wanted.items() if values and name not in frozen}
    if not trained:
        return  # torch refuses an optimizer of nothing
    report = pgaudit.audit(of, config)
    found = {row.name: (row.lr, row.weight_decay) for row in report.params if row.group is not None}
    assert found == {name: wanted[name] for name in trained}
    assert len(report.groups) == len(set(found.values()))
    optimizer = pgaudit.build_optimizer(of, config)
    built = {p: (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for p in group["params"]}
    assert {name: built.get(of.get_parameter(name)) for name in trained} == found
    assert len(built) == len(trained)


@settings(max_examples=examples(150))
@given(lists=LISTS, frozen=st.lists(st.sampled_from(NAMES), max_size=1))
def test_random_explanations_and_patterns_say_what_is_decided(lists: dict[str, Any], frozen: list[str]) -> None:
    if lists.get("schedule", {}) is None:
        return
    report = audited(of=model(frozen=frozen), **lists) if _trains(lists, frozen) else None
    if report is None:
        return
    constructor = constructor_named("regex")
    chains = constructor.chains(report.inventory, report.config, report.defaults)
    visits = {visit.name: visit for visit in report.inventory.visits}
    for explanation in explanations(report, report.params):
        row, setting = explanation.row, explanation.row.setting
        (occurrence,) = explanation.occurrences
        decided = {value: tried.rule for tried in occurrence.evaluations for value in tried.decides}
        assert decided == {"lr": setting.lr_rule, "weight_decay": setting.weight_decay_rule}
        assert sum(len(tried.decides) for tried in occurrence.evaluations) == 2
        results = [result.value for result in explanation.results]
        assert results == ([] if row.group is None else [row.lr, row.weight_decay])
        for tried in occurrence.evaluations:
            assert not (tried.matched and tried.text) or tried.decides or tried.beaten_by
        for rule in (each for each in chains.rules if each.at):
            visit, text = visits[row.name], chains.text(visits[row.name])
            assert bool(rule.matches(visit, text)) == bool(re.fullmatch(str(rule.provenance.key), row.name))
            assert all(0 <= start < end <= len(row.name) for start, end in rule.found(visit, text))


def _trains(lists: dict[str, Any], frozen: list[str]) -> bool:
    return any(values and name not in frozen for name, values in judged(lists, DECAY, NAMES).items())


MIDDLES = [
    (".*norm.*", "blocks.1.norm.weight", ["norm"]),
    (".*", "token", []),
    ("token", "token", ["token"]),
    (r"head\..*", "head.bias", ["head."]),
    (r".*\.bias", "head.bias", [".bias"]),
    (".*?bias", "head.bias", ["bias"]),
    (r"head\.*bias", "head.bias", ["head.bias"]),
    (r"head\.*", "head.", ["head."]),
    (r".*\\.*", "a\\b", ["\\"]),
    (".*a.*", "a.ba", ["a", "a"]),
    ("token|.*bias", "head.bias", ["head.bias"]),
]


@pytest.mark.parametrize(("pattern", "name", "parts"), MIDDLES)
def test_what_of_a_name_a_pattern_is_about(pattern: str, name: str, parts: list[str]) -> None:
    from pgaudit.constructors.regex.spans import spans_of
    from pgaudit.expressions import Expression

    assert re.fullmatch(pattern, name)
    assert [name[start:end] for start, end in spans_of(Expression(pattern))(name)] == parts
