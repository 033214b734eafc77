"""Proves that a converted policy comes to the same, before anybody sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgaudit.config import load_config
from pgaudit.convert.job import Job
from pgaudit.convert.source import ConversionSource, Values, canonical, own_values, source_of
from pgaudit.core.errors import ConfigError
from pgaudit.core.schedule import OF_SCHEDULERS
from pgaudit.files.yaml_text import read_yaml
from pgaudit.text import format_exception, visible
from pgaudit.user_code import suppress_output


class Unproved(Exception):
    """A converted policy is not the same: a fault of ours."""


def by_audit(text: str, job: Job) -> None:
    """Parses a converted config, audits it, and compares it with its source.

    Raises:
        ConfigError: the target's library would refuse it.
        Unproved: it comes to something else.
    """
    document = read_yaml(text.encode(), "the converted config")
    if document.ambiguous:
        raise Unproved(f"{document.ambiguous[0].text} is no number to PyYAML")
    source = job.source
    other = source_of(source.model, load_config(document.value))
    if source.call.name != other.call.name:
        raise Unproved(f"the optimizer is {other.call.name}, not {source.call.name}")
    ours, theirs = own_values(source.optimizer), own_values(other.optimizer)
    if changed := sorted(dict(ours.items() ^ theirs.items())):
        raise Unproved(f"the optimizer's {', '.join(map(visible, changed))} is another")
    _compare(job, source.by_tensor(), other.by_tensor(OF_SCHEDULERS))


def by_running(text: str, job: Job) -> None:
    """Runs the code on the model itself, and compares what the optimizer then holds.

    Raises:
        Unproved: it holds something else.
    """
    source = job.source
    assert source.model.build is not None
    namespace: dict[str, Any] = {}
    try:
        with suppress_output():
            exec(compile(text, "the converted policy", "exec"), namespace)
            optimizer = namespace["build_optimizer"](source.model.build().module)
    except Exception as error:
        raise Unproved(f"the code fails: {format_exception(error)}") from error
    if type(optimizer) is not source.call.kind:
        raise Unproved(f"the optimizer is a {type(optimizer).__name__}")
    own = {key: value for key, value in own_values(source.optimizer).items() if key in source.optimizer.defaults}
    expected = {tensor: None if values is None else {**own, **values} for tensor, values in source.by_tensor().items()}
    found: dict[int, Values] = {}
    for group in optimizer.param_groups:
        held = {"weight_decay": 0.0, **group}  # a class that knows none decays nothing
        for tensor in map(id, group["params"]):
            keys = expected.get(tensor) or ("lr", "weight_decay")
            found[tensor] = {key: canonical(held.get(key)) for key in keys}
    _compare(job, expected, found)


def _compare(job: Job, expected: Mapping[int, Values | None], found: Mapping[int, Values | None]) -> None:
    """Raises Unproved where a tensor does not train with the same, bit for bit; tensors are told by their ids."""
    source = job.source
    for each, (tensor, before) in zip(source.report.params, expected.items(), strict=True):
        after = found.get(tensor)
        if repr(before) != repr(after) and (each.param.trainable or not job.ignored):
            _refuse_changing_class(source)
            raise Unproved(f"{visible(each.name)} has {_words(after)} instead of {_words(before)}")


def _refuse_changing_class(source: ConversionSource) -> None:
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
