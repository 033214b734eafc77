"""A policy's report → what of norms, biases and tokens it decays all the same, and what else it does not decay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgaudit.checks.words import folded
from pgaudit.core.parameters import Parameter
from pgaudit.init.policy import is_token, is_vector
from pgaudit.report import Report
from pgaudit.text import counted

_SHOWN = 4


@dataclass(frozen=True)
class Proof:
    """What an audit says of a first policy."""

    exempt: int
    """Norms, biases and tokens that are not decayed."""
    decayed: int
    """All others, which are."""
    still: tuple[Parameter, ...]
    """Norms, biases and tokens that the library decays all the same."""
    spared: tuple[Parameter, ...]
    """Others that it does not decay."""

    @classmethod
    def of(cls, report: Report) -> Proof:
        """Compares what each trainable parameter gets with what it is."""
        inventory = report.decided_from.inventory
        hints = inventory.hints.no_weight_decay
        sorted_out: dict[tuple[bool, bool], list[Parameter]] = {}
        for parameter, row in zip(inventory.parameters, report.params, strict=True):
            if parameter.trainable and row.in_optimizer:
                meant = is_vector(parameter) or is_token(parameter, hints)
                sorted_out.setdefault((meant, not row.weight_decay), []).append(parameter)
        found = {key: tuple(rows) for key, rows in sorted_out.items()}
        return cls(
            len(found.get((True, True), ())),
            len(found.get((False, False), ())),
            found.get((True, False), ()),
            found.get((False, True), ()),
        )

    @property
    def sentences(self) -> Iterator[str]:
        """Yields what there is to say."""
        yield f"{counted(self.exempt, 'tensor')} without weight decay, {self.decayed:,} with it"
        if self.still:
            names = folded((each.name for each in self.still), most=_SHOWN)
            yield f"decayed all the same, for the library has no words for them: {names}"
        if self.spared:
            yield f"not decayed either: {folded((each.name for each in self.spared), most=_SHOWN)}"
