"""Proves that a converted policy comes to the same, before anybody sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgaudit.config import load_config
from pgaudit.convert.job import Job
from pgaudit.convert.source import ConversionSource, canonical, own_values, source_of
from pgaudit.core.errors import ConfigError
from pgaudit.files.yaml_text import read_yaml
from pgaudit.models.source import ModelSource
from pgaudit.text import format_exception, visible
from pgaudit.user_code import suppress_output

Values = Mapping[str, Any]
"""See :func:`pgaudit.convert.source.values_read`."""


class Unproved(Exception):
    """A converted policy is not the same: a fault of ours."""


def by_audit(text: str, job: Job, of: ModelSource) -> None:
    """Parses a converted config, audits it, and compares it with its source.

    Raises:
        ConfigError: the target's library would refuse it.
        Unproved: it comes to something else.
    """
    document = read_yaml(text.encode(), "the converted config")
    if document.ambiguous:
        raise Unproved(f"{document.ambiguous[0].text} is no number to PyYAML")
    source, other = job.source, source_of(of, load_config(document.value))
    if source.call.name != other.call.name:
        raise Unproved(f"the optimizer is {other.call.name}, not {source.call.name}")
    ours, theirs = own_values(source.optimizer), own_values(other.optimizer)
    if changed := sorted(dict(ours.items() ^ theirs.items())):
        raise Unproved(f"the optimizer's {', '.join(map(visible, changed))} is another")
    _compare(job, source.values, dict(zip(map(id, other.tensors), other.values, strict=True)))


def by_running(text: str, job: Job, of: ModelSource) -> None:
    """Runs the code on the model itself, and compares what the optimizer then holds.

    Raises:
        Unproved: it holds something else.
    """
    assert of.build is not None
    namespace: dict[str, Any] = {}
    try:
        with suppress_output():
            exec(compile(text, "the converted policy", "exec"), namespace)
            optimizer = namespace["build_optimizer"](of.build().module)
    except Exception as error:
        raise Unproved(f"the code fails: {format_exception(error)}") from error
    source = job.source
    if type(optimizer) is not source.call.kind:
        raise Unproved(f"the optimizer is a {type(optimizer).__name__}")
    kept = {key: value for key, value in own_values(source.optimizer).items() if key in source.optimizer.defaults}
    expected = [None if values is None else {**kept, **values} for values in source.values]
    groups = {id(tensor): group for group in optimizer.param_groups for tensor in group["params"]}
    found: dict[int, Values] = {}
    for tensor, values in zip(source.tensors, expected, strict=True):
        if id(tensor) in groups:
            group = {"weight_decay": 0.0, **groups[id(tensor)]}  # a class that knows none decays nothing
            found[id(tensor)] = {key: canonical(group.get(key)) for key in values or ("lr", "weight_decay")}
    _compare(job, expected, found)


def _compare(job: Job, expected: Sequence[Values | None], found: Mapping[int, Values | None]) -> None:
    """Raises Unproved where a parameter does not train with the same, bit for bit.

    Args:
        job: what was to be written.
        expected: the values of each of the source's parameters; None for those in no group.
        found: the same, by the id of the tensor.
    """
    source = job.source
    for each, tensor, before in zip(source.report.params, source.tensors, expected, strict=True):
        after = found.get(id(tensor))
        if repr(before) != repr(after) and (each.param.trainable or not job.ignored):
            refuse_changing_class(source)
            raise Unproved(f"{visible(each.name)} has {_words(after)} instead of {_words(before)}")


def refuse_changing_class(source: ConversionSource) -> None:
    """Raises a ConfigError if the optimizer's class does not hold what it is given: then nothing can be written so
    that it holds the same.
    """
    for each in source.report.params:
        given = dict(each.setting.written)
        for key, held in (("lr", each.lr), ("weight_decay", each.weight_decay)):
            if each.in_optimizer and given.get(key, held) != held:
                raise ConfigError(
                    f"{visible(source.optimizer.type)} changes the {key} of its groups: {visible(each.name)}"
                )


def _words(values: Values | None) -> str:
    if values is None:
        return "nothing: it is not in the optimizer"
    names = {"weight_decay": "weight decay"}
    return ", ".join(f"{names.get(key, visible(key))} {visible(repr(value))}" for key, value in values.items())
