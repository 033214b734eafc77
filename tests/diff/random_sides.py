"""Random sides: from random models under random policies, and made up, with what no audit would give."""

from __future__ import annotations

from hypothesis import assume
from hypothesis import strategies as st

import pgaudit
from pgaudit.core.assignment import Provenance
from pgaudit.core.location import Location
from pgaudit.diff import Entry, Side
from tests.parity import trees
from tests.parity.compare import audit
from tests.parity.random_policies import cases

HOSTILE = ["a\x1b[31m.weight", "b\n::error::x", "c|`d`|``.bias", "e%0A,file=f:g", "\u202eh", "\ud800", "[bold]i", ""]
NAMES = [f"layer{i}.{j}.{leaf}" for i in (1, 2) for j in (0, 1, 2) for leaf in ("weight", "bias")] + HOSTILE
VALUES = st.sampled_from([0.1, 0.2, 0.30000000000000004, 0.3, 0, 1e-4, 1, float("inf"), float("nan"), None])
RULES = st.none() | st.builds(
    Provenance,
    st.sampled_from(["default", "optimizer_default", "custom_keys", "norm_decay_mult", "frozen"]),
    st.none() | st.sampled_from(["fc", *HOSTILE]),
    st.none() | st.builds(Location, st.just("c.yaml"), st.integers(1, 3), st.just(1)),
)
EXTRA = st.sampled_from([None, 0.1, 2, True, "SGD", [0.9, {"a": [HOSTILE[0]]}], {"{": "}"}, *HOSTILE])
ENTRIES = st.builds(
    Entry,
    name=st.sampled_from(NAMES),
    aliases=st.just(()),
    shape=st.sampled_from([(), (2, 3), (3, 2)]),
    numel=st.just(6),
    module_type=st.sampled_from(["Linear", "Conv"]),
    trainable=st.booleans(),
    in_optimizer=st.booleans(),
    lr=VALUES,
    weight_decay=VALUES,
    lr_rule=RULES,
    weight_decay_rule=RULES,
    scheduled_lr=st.none() | st.sampled_from([0.1, 0.2, float("inf")]),
    extra=st.just({}) | st.dictionaries(st.sampled_from(["momentum", "lr", *HOSTILE]), EXTRA, max_size=2),
)


@st.composite
def _entries(draw: st.DrawFn) -> tuple[Entry, ...]:
    """Entries of different names, in any order, some tied."""
    from dataclasses import replace

    entries = draw(st.lists(ENTRIES, max_size=12, unique_by=lambda entry: entry.name))
    rest = [name for name in NAMES if name not in {entry.name for entry in entries}]
    ties = draw(st.lists(st.tuples(st.integers(0, 11), st.sampled_from(rest or ["z"])), unique_by=lambda tie: tie[1]))
    for index, alias in ties:
        if index < len(entries):
            entries[index] = replace(entries[index], aliases=(*entries[index].aliases, alias))
    return tuple(entries)


SIDES = st.builds(
    Side,
    path=st.sampled_from(["a.yaml", "/dev/null", HOSTILE[1], None]),
    config=st.sampled_from(["a.yaml", HOSTILE[3], None]),
    model=st.sampled_from(["resnet18", HOSTILE[0], None]),
    source=st.just("timm"),
    constructor=st.sampled_from(["mmcv", "basecls", None]),
    optimizer=st.dictionaries(
        st.sampled_from(["type", "lr", "weight_decay", "momentum", *HOSTILE]),
        st.sampled_from([None, 0.1, 0.2, True, "SGD", [0.9, 0.99], {"a": 1}, *HOSTILE]),
    ),
    entries=_entries(),
)
"""Sides that are not even plausible."""


@st.composite
def reports(draw: st.DrawFn) -> tuple[pgaudit.Report, pgaudit.Report]:
    """Two reports: of one model under two policies, or of two models."""
    first, second = draw(cases()), draw(cases())
    if draw(st.booleans()):
        second = {**second, "model": first["model"]}
    try:
        a, b = (audit(trees.build(case["model"]), case) for case in (first, second))
    except pgaudit.PgauditError:
        assume(False)
        raise
    return a, b
