"""Proves that a converted policy comes to the same, before anybody sees it."""

from __future__ import annotations

from pgaudit.config import load_config
from pgaudit.config.loader import read_yaml
from pgaudit.convert.job import Job
from pgaudit.convert.lots import Built, Lot, built, canonical, same
from pgaudit.core.errors import ConfigError
from pgaudit.models.source import ModelSource
from pgaudit.text import visible


class Unproved(Exception):
    """A converted policy is not the same: a fault of ours."""


def by_audit(text: str, job: Job, subject: ModelSource) -> None:
    """Parses a converted config, audits it, and compares it with its source.

    Raises:
        ConfigError: the target's library would refuse it.
        Unproved: it comes to something else.
    """
    document = read_yaml(text.encode(), "the converted config")
    if document.ambiguous:
        raise Unproved(f"{document.ambiguous[0].text} is no number to PyYAML")
    compare(job, built(subject, load_config(document.value)))


def compare(job: Job, other: Built) -> None:
    """Raises Unproved where a parameter, or the optimizer itself, is not the same."""
    source = job.source
    if _class(source) != _class(other):
        raise Unproved(f"the optimizer is {_class(other)}, not {_class(source)}")
    if (ours := _arguments(source)) != (theirs := _arguments(other)):
        changed = sorted(key for key in ours.keys() | theirs.keys() if ours.get(key) != theirs.get(key))
        raise Unproved(f"the optimizer's {', '.join(map(visible, changed))} is another")
    where = other.by_tensor
    lots = [other.lots[where[id(tensor)]] for tensor in source.tensors]
    trainable = [row.param.trainable for row in source.report.params]
    differing = [
        index
        for index, (before, after) in enumerate(zip(source.lots, lots, strict=True))
        if not same(before, after) and (trainable[index] or not job.ignored)
    ]
    if differing:
        refuse_changing_class(source)
        index = differing[0]
        name = visible(source.report.params[index].name)
        raise Unproved(f"{name} has {_said(lots[index])} instead of {_said(source.lots[index])}")


def refuse_changing_class(source: Built) -> None:
    """Raises a ConfigError if the optimizer's class does not hold what it is given: then nothing can be written so
    that it holds the same.
    """
    for row in source.report.params:
        given = dict(row.setting.written)
        for key, held in (("lr", row.lr), ("weight_decay", row.weight_decay)):
            if row.group is not None and given.get(key, held) != held:
                raise ConfigError(f"{visible(source.spec.name)} changes the {key} of its groups: {visible(row.name)}")


def _class(of: Built) -> str:
    return of.call.about.name


def _arguments(of: Built) -> dict[str, object]:
    """All but lr and weight decay, which are compared by parameter."""
    arguments = {**of.report.facts.arguments, **of.spec.arguments}
    return {key: canonical(value) for key, value in arguments.items() if key not in ("lr", "weight_decay")}


def _said(lot: Lot | None) -> str:
    return "nothing: it is not in the optimizer" if lot is None else str(lot)
