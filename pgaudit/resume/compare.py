"""A checkpoint and a report → what a resumed run would do: sizes, places, classes, values, schedulers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pgaudit.built.matching import BY_ORDER
from pgaudit.core.built import BY_FULL_NAMES, BuiltOptimizer, Checkpoint
from pgaudit.report import Report
from pgaudit.resume.answer import Mismatch, Override, Resumption
from pgaudit.resume.evidence import in_model_order, named_by_its_model, order_notes
from pgaudit.resume.expected import expected_optimizers, padded
from pgaudit.resume.landing import landing
from pgaudit.resume.make import maker
from pgaudit.resume.pairs import Pair, by_index, by_name, known_names, missing_by_name, refusals, regrouped
from pgaudit.resume.schedulers import scheduler_mismatches, scheduler_notes
from pgaudit.resume.trial import Make, tried
from pgaudit.resume.values import added, overrides
from pgaudit.text import counted, visible


def resumption(checkpoint: Checkpoint, report: Report, *, whole: Checkpoint | None = None) -> Resumption:
    """Returns what happens where a checkpoint is loaded into what a report describes.

    Args:
        checkpoint: as it was read.
        report: of a config, or of optimizers in code; not one that was read back from a file.
        whole: the same with all of its optimizers, where some of them were chosen: those of the source at their places
            are then compared.

    Raises:
        UsageError: the report was read back from a file.
    """
    sources = expected_optimizers(report)
    places = list(range(len(sources)))
    if whole is not None and len(whole.optimizers) == len(sources):
        chosen = {each.key for each in checkpoint.optimizers}
        places = [at for at, each in enumerate(whole.optimizers) if each.key in chosen]
        sources = tuple(sources[at] for at in places)
    named = report.path or "the source"
    found = _Found()
    if len(sources) != len(checkpoint.optimizers):
        found.mismatches.append(_unequal(checkpoint, sources, named))
    else:
        theirs = _named(checkpoint, sources, report)
        if any(each.names_from == BY_ORDER for each in theirs):
            found.notes.append("the checkpoint's names are those of the model in it, in its order: the shapes agree")
        for index, (ours, its) in enumerate(zip(sources, theirs, strict=True)):
            which = f"{visible(its.key or ours.key or f'optimizer {index}')}: " if len(sources) > 1 else ""
            if report.as_built is None:
                ours = padded(ours, its)
            found.add(_one(ours, its, named, maker(report, places[index])), which)
        if not found.proved and not found.mismatches:
            found.notes += order_notes(checkpoint, [each.name for each in report.params], named)
        if not any(each.refused for each in found.mismatches):
            found.mismatches += scheduler_mismatches(checkpoint.schedulers, sources)
        attached = 0 if report.as_built is None else len(report.as_built.schedulers)
        found.notes += scheduler_notes(checkpoint.schedulers, sources, attached, named)
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
    )


@dataclass
class _Found:
    mismatches: list[Mismatch] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    proved: bool = True

    def add(self, other: _Found, which: str) -> None:
        """Adds what was found of one optimizer of several."""
        self.mismatches += [replace(each, message=which + each.message) for each in other.mismatches]
        self.overrides += other.overrides
        self.notes += [which + note for note in other.notes]
        self.proved = self.proved and other.proved


def _named(checkpoint: Checkpoint, sources: tuple[BuiltOptimizer, ...], report: Report) -> tuple[BuiltOptimizer, ...]:
    """The checkpoint's optimizers, in the order of the source's; with names where the model in the file proves them."""
    theirs = checkpoint.optimizers
    if len(theirs) == 1:
        names = [each.name for each in report.params]
        in_order = in_model_order(sources[0], names, policy=report.as_built is None)
        return (named_by_its_model(checkpoint, sources[0]),) if in_order else theirs
    by_key = {each.key.rpartition(".")[2]: each for each in theirs}
    keys = [each.key for each in sources]
    if len(by_key) == len(theirs) and all(key in by_key for key in keys):
        return tuple(by_key[key] for key in keys)
    return theirs


def _one(source: BuiltOptimizer, checkpoint: BuiltOptimizer, named: str, make: Make | None) -> _Found:
    """What happens to one optimizer."""
    found = _Found()
    pairs = _pairs(source, checkpoint, named, found)
    if found.mismatches:
        return found
    changed: Mapping[str, Any] = {}
    if make is not None:
        trial = tried(pairs, source, checkpoint, make)
        found.mismatches += trial.mismatches
        changed = trial.changed
        if not trial.known:
            found.notes.append("not proved: the optimizer's class cannot be tried on its own, so its states were not")
    landed = landing(pairs, known_names(source), named)
    found.mismatches += landed.mismatches
    found.notes += landed.notes
    found.proved = found.proved and landed.proved
    found.overrides += overrides(pairs, source, checkpoint, changed)
    if brought := added(pairs, source, checkpoint):
        found.notes.append(f"the checkpoint's groups also bring {', '.join(brought)}")
    return found


def _pairs(source: BuiltOptimizer, checkpoint: BuiltOptimizer, named: str, found: _Found) -> list[Pair]:
    if checkpoint.names_from == BY_FULL_NAMES and all(tensor.name is not None for tensor in source.tensors):
        pairs, missing = by_name(source, checkpoint)
        if missing:
            found.mismatches.append(missing_by_name(missing))
        found.notes.append("its states are kept by name, and torch.distributed loads them by name")
        if regrouped(pairs):
            found.proved = False
            found.notes.append(
                "not proved: its groups hold other tensors than those of the source; set_optimizer_state_dict hands a "
                "group's values to one group alone, unless the state was saved flat"
            )
        return pairs
    found.mismatches += refusals(source, checkpoint, named)
    return [] if found.mismatches else by_index(source, checkpoint)


def _unequal(checkpoint: Checkpoint, sources: tuple[BuiltOptimizer, ...], named: str) -> Mismatch:
    theirs = checkpoint.optimizers
    keys = ", ".join(visible(each.key) for each in theirs if each.key)
    listed = f" ({keys})" if keys and len(theirs) > 1 else ""
    message = (
        f"the checkpoint has {counted(len(theirs), 'optimizer')}{listed}, and {visible(named)} has {len(sources):,}"
    )
    hint = "--key names one of them." if len(sources) == 1 else "Build as many optimizers as the checkpoint has."
    return Mismatch(message, (), hint, refused=True)


def _steps(checkpoint: Checkpoint) -> float | None:
    steps = Counter(
        tensor.steps for each in checkpoint.optimizers for tensor in each.tensors if tensor.steps is not None
    )
    return steps.most_common(1)[0][0] if steps else None
