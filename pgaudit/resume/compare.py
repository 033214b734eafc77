"""A checkpoint and a report → what a resumed run would do: sizes, places, classes, values, schedulers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgaudit.built.matching import BY_ORDER
from pgaudit.core.built import BY_FULL_NAMES, BuiltOptimizer, Checkpoint
from pgaudit.report import Report
from pgaudit.resume.answer import Mismatch, Override, ResumedGroup, Resumption
from pgaudit.resume.evidence import in_model_order, named_by_its_model, order_notes
from pgaudit.resume.expected import expected_optimizers, padded
from pgaudit.resume.groups import groups_beside, groups_loaded
from pgaudit.resume.landing import landing
from pgaudit.resume.pairing import Pairing, pairing, unequal
from pgaudit.resume.pairs import Pair, by_index, by_name, grouped_alike, known_names, missing_by_name, refusals, stray
from pgaudit.resume.schedule_trial import scheduler_mismatches
from pgaudit.resume.schedule_values import replaced_by_schedules
from pgaudit.resume.schedulers import scheduler_notes, short_notes, state_of
from pgaudit.resume.stand_in import makers
from pgaudit.resume.trial import Tried, tried
from pgaudit.resume.under_way import Reached, reached
from pgaudit.resume.values import added, replaced
from pgaudit.text import visible

_BY_NAME = "its states are kept by name, and torch.distributed loads them by name"
_REGROUPED = (
    "not proved: its groups hold other tensors than those of the source, and their values were not compared; "
    "set_optimizer_state_dict hands a group's values to one group alone, unless the state was saved flat"
)
_IN_ORDER = (
    "the checkpoint's names are those of the model in it, if its optimizer was built in that model's order, as the "
    "shapes allow"
)


def resumption(checkpoint: Checkpoint, report: Report, *, whole: Checkpoint | None = None) -> Resumption:
    """Returns what happens where a checkpoint is loaded into what a report describes.

    Args:
        checkpoint: as it was read.
        report: of a config, or of optimizers in code; not one that was read back from a file.
        whole: the same with all of its optimizers, where some of them were chosen: those of the source that they are
            loaded into are then compared.

    Raises:
        UsageError: the report was read back from a file.
    """
    sources = expected_optimizers(report)
    paired = pairing(checkpoint, sources, whole)
    named = report.path or "the source"
    comparison = _Comparison(checkpoint, report, sources, named)
    found = _Found([unequal(checkpoint, sources, named)]) if paired is None else comparison.of(paired)
    groups = [group for optimizer in checkpoint.optimizers for group in optimizer.groups]
    return Resumption(
        checkpoint.path,
        checkpoint.layout,
        named,
        sum(len(group.tensors) for group in groups),
        len(groups),
        _steps(checkpoint),
        tuple(found.mismatches),
        tuple(found.overrides),
        tuple(dict.fromkeys((*checkpoint.notes, *found.notes))),
        found.proved,
        tuple(found.groups),
        comparison.is_scheduled or bool(checkpoint.schedulers),
    )


@dataclass
class _Found:
    mismatches: list[Mismatch] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proved: bool = True
    groups: list[ResumedGroup] = field(default_factory=list)

    def add(self, other: _Found, label: str) -> None:
        """Adds what was found of one optimizer; where it is one of several, with what it is called."""
        which = f"{label}: " if label else ""
        self.mismatches += [replace(each, message=which + each.message) for each in other.mismatches]
        self.overrides += other.overrides
        self.notes += [which + note for note in other.notes]
        self.groups += [replace(each, optimizer=label) for each in other.groups]
        self.proved = self.proved and other.proved

    def doubt(self, note: str) -> None:
        """Notes what is not proved."""
        self.proved = False
        self.notes.append(note)


@dataclass(frozen=True)
class _Comparison:
    """A checkpoint and what training begins with."""

    checkpoint: Checkpoint
    report: Report
    sources: Sequence[BuiltOptimizer]
    named: str
    """What the user calls the source."""

    def of(self, paired: Pairing) -> _Found:
        """Returns what happens to all optimizers and schedulers."""
        found = _Found()
        if paired.note:
            found.doubt(paired.note)
        states, live = self.checkpoint.schedulers, self._live
        sources = [self.sources[at] for at, _ in paired.pairs]
        for index, (at, optimizer) in enumerate(paired.pairs):
            source, its = self.sources[at], self._with_names(optimizer, self.sources[at])
            label = visible(its.key or source.key or f"optimizer {index}")
            way = reached(state_of(states, index, len(paired.pairs)), source, live, self._object(at))
            found.add(self._one(at, its, way), label if len(paired.pairs) > 1 else "")
        if not found.proved and not found.mismatches:
            found.notes += order_notes(self.checkpoint, [each.name for each in self.report.params], self.named)
        if not any(each.refused for each in found.mismatches):
            loaded = [its if its.names_from != BY_FULL_NAMES else self.sources[at] for at, its in paired.pairs]
            found.mismatches += scheduler_mismatches(states, sources, [each.groups for each in loaded], live)
            found.notes += () if live else short_notes(states, sources)
            found.overrides += replaced_by_schedules(states, sources, live)
        found.notes += scheduler_notes(states, sources, live, self.named)
        return found

    @property
    def _live(self) -> Sequence[Any]:
        """The source's own schedulers."""
        return () if self.report.as_built is None else self.report.as_built.schedulers

    def _object(self, at: int) -> Any:
        objects = () if self.report.as_built is None else self.report.as_built.objects
        return objects[at] if at < len(objects) else None

    @property
    def is_scheduled(self) -> bool:
        """Whether the source has a schedule."""
        basis = self.report.basis
        return bool(self._live) or (basis is not None and basis.config.schedule is not None)

    def _with_names(self, optimizer: BuiltOptimizer, source: BuiltOptimizer) -> BuiltOptimizer:
        """The checkpoint's optimizer, with names where the model in the file and its order say them."""
        names = [each.name for each in self.report.params]
        is_only = len(self.checkpoint.optimizers) == 1
        if not is_only or not in_model_order(source, names, policy=self.report.as_built is None):
            return optimizer
        return named_by_its_model(self.checkpoint, source)

    def _one(self, at: int, checkpoint: BuiltOptimizer, way: Reached) -> _Found:
        """What happens to one optimizer of the source."""
        source = self.sources[at] if self.report.as_built is not None else padded(self.sources[at], checkpoint)
        found = _Found(notes=[_IN_ORDER] if checkpoint.names_from == BY_ORDER else [])
        pairs = self._pairs(source, checkpoint, found)
        if found.mismatches:
            by_place = checkpoint.names_from != BY_FULL_NAMES
            if by_place and any(each.refused for each in found.mismatches):
                found.groups += groups_beside(source, checkpoint)
            return found
        makes = makers(self.report, at)
        trial = tried(pairs, source, checkpoint, makes) if makes else Tried()
        found.mismatches += trial.mismatches
        found.notes += trial.notes
        known = known_names([source, *self.sources])
        landed = landing(pairs, known, self.named, guessed=checkpoint.names_from == BY_ORDER)
        found.mismatches += landed.mismatches
        found.notes += landed.notes
        found.proved = found.proved and landed.proved
        alike = grouped_alike(pairs) if checkpoint.names_from == BY_FULL_NAMES else pairs
        values = replaced(alike, source, checkpoint, trial, way, self.named, scheduled=self.is_scheduled)
        found.overrides += values.overrides
        found.groups += groups_loaded(alike, source, checkpoint, trial, values.keys)
        found.notes += values.notes
        if brought := added(pairs, source, checkpoint):
            found.notes.append(f"the checkpoint's groups also bring {', '.join(brought)}")
        return found

    def _pairs(self, source: BuiltOptimizer, checkpoint: BuiltOptimizer, found: _Found) -> list[Pair]:
        if checkpoint.names_from == BY_FULL_NAMES and all(tensor.name is not None for tensor in source.tensors):
            pairs, missing = by_name(source, checkpoint)
            if missing:
                found.mismatches.append(missing_by_name(missing))
            found.notes.append(_BY_NAME)
            if len(grouped_alike(pairs)) < len(pairs):
                found.doubt(_REGROUPED)
            return pairs
        found.mismatches += refusals(source, checkpoint, self.named)
        if not found.mismatches and checkpoint.stray and not any(each.has_state for each in checkpoint.tensors):
            found.mismatches.append(stray(checkpoint.stray))
        return [] if found.mismatches else by_index(source, checkpoint)


def _steps(checkpoint: Checkpoint) -> float | None:
    steps = Counter(
        tensor.steps for each in checkpoint.optimizers for tensor in each.tensors if tensor.steps is not None
    )
    return steps.most_common(1)[0][0] if steps else None
