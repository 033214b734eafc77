"""How rules were tried for one parameter: which matched, on what, what each set or would have set, and what beat it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgaudit.core.setting import Provenance

Spans = tuple[tuple[int, int], ...]
"""The matching parts of a text, from and to."""

Decided = Literal["lr", "weight_decay", "scheduled_lr"]
"""What a rule can decide. ``scheduled_lr`` is :attr:`Setting.scheduled_lr`: a rule that sets an ``lr_scale`` yields,
beside its other products, ``Computation("scheduled_lr", lr * scale, lr, scale)``, and has it among what it ``decides``.
"""

BOTH: frozenset[Decided] = frozenset({"lr", "weight_decay"})


@dataclass(frozen=True)
class Computation:
    """A value as a rule makes it: ``base × mult``, or a number of its own.

    For ``lr`` and ``weight_decay``, the base is the optimizer's own value; for ``scheduled_lr``, it is the lr of the
    group, and the mult is the ``lr_scale``.
    """

    of: Decided
    result: float | None
    """None where there is no base to multiply."""
    base: float | None = None
    mult: float | None = None
    note: str | None = None
    """What the numbers do not say: ``no decay_mult given``."""


@dataclass(frozen=True)
class RuleEvaluation:
    """One rule, as it was tried under one name of a parameter."""

    rule: Provenance
    matched: bool
    why: str
    """On what it matched, or why it did not, in words."""
    products: tuple[Computation, ...] = ()
    """What it sets, or would have set."""
    decides: frozenset[Decided] = frozenset()
    """The values that it really decides."""
    beaten_by: Provenance | None = None
    principle: str | None = None
    """Why the other rule wins, where one does."""
    text: str | None = None
    """What was searched; None for a rule that looks at the module."""
    spans: Spans = ()


@dataclass(frozen=True)
class Occurrence:
    """One name under which the constructor meets a parameter, and the rules that it then tries, in order."""

    name: str
    evaluations: tuple[RuleEvaluation, ...]
    note: str | None = None
    """What is special about this occurrence: a second name of a tied parameter."""
