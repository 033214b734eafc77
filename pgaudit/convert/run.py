"""convert(): a policy in the words of another library, proved to come to the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pgaudit.config import load_config
from pgaudit.constructors import constructor_named
from pgaudit.convert import basecls, openmmlab, proof, python, rules, timm
from pgaudit.convert.from_built import source_of_built
from pgaudit.convert.job import Converted, Job
from pgaudit.convert.source import ConversionSource, source_of, without_effect
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.models.source import ModelSource, model_source
from pgaudit.report import Report
from pgaudit.text import did_you_mean, quoted, visible

if TYPE_CHECKING:
    from pgaudit.models.source import Model
    from pgaudit.pipeline import ConfigSource


TARGETS: Mapping[str, Callable[[Job], Converted]] = {
    "rules": rules.write,
    "mmcv": openmmlab.write_mmcv,
    "mmengine": openmmlab.write_mmengine,
    "timm": timm.write,
    "basecls": basecls.write,
    "python": python.write,
}
"""How to write a policy, by the word for ``--to``: the constructor that reads it, or ``python``."""


def convert(
    model: Model,
    config: ConfigSource,
    to: str,
    *,
    model_args: Mapping[str, Any] | None = None,
    constructor: str | None = None,
    ignore_frozen: bool = False,
) -> Converted:
    """Writes a policy in the words of another library, so that it comes to the same for every parameter of a model.

    Args:
        model: a live module, a reference, a saved inventory, or None for the model that the config names.
        config: a path, a mapping of the same shape, or a Config.
        to: one of :data:`TARGETS`.
        model_args: keyword arguments for the model's factory.
        constructor: takes the place of the one that the config names.
        ignore_frozen: whether parameters that do not require a gradient may be in the optimizer or not.

    Raises:
        UsageError: there is no such target.
        ConfigError: the config is wrong, or the target cannot express it.
        ModelError: the model cannot be built.
    """
    _refuse_unknown(to)
    read = load_config(config, constructor=constructor)
    of = model_source(model, read, model_args)
    _refuse_unproved(to, of)
    section = _model_section(read) if model is None or model == read.model else {}
    return _written(source_of(of, read), to, section, ignore_frozen=ignore_frozen)


def convert_built(
    report: Report,
    to: str,
    *,
    optimizer: str | None = None,
    model: str | None = None,
    ignore_frozen: bool = False,
) -> Converted:
    """Writes what was built as a policy, so that it comes to the same for every parameter of its model.

    Args:
        report: of an optimizer in code or in a checkpoint, with its model.
        to: one of :data:`TARGETS`.
        optimizer: the class of a checkpoint's optimizer, which no checkpoint says, as a config names it.
        model: a reference to the model, for the policy to name.
        ignore_frozen: whether parameters that do not require a gradient may be in the optimizer or not.

    Raises:
        UsageError: there is no such target, no model, or no class.
        ConfigError: no policy, or not the target, can express it.
    """
    _refuse_unknown(to)
    source = source_of_built(report, optimizer)
    _refuse_unproved(to, source.model)
    return _written(source, to, {"model": model} if model is not None else {}, ignore_frozen=ignore_frozen)


def _refuse_unknown(to: str) -> None:
    if to not in TARGETS:
        known = did_you_mean(to, TARGETS) or f"--to {', '.join(TARGETS)}"
        raise UsageError(f"nothing is written as {quoted(to)}", known)


def _refuse_unproved(to: str, model: ModelSource) -> None:
    if to == "python" and model.build is None:
        hint = "name the model itself, not an inventory of it"
        raise UsageError(f"what is written as {quoted(to)} is proved by running it on the model", hint)


def _written(source: ConversionSource, to: str, section: Mapping[str, Any], *, ignore_frozen: bool) -> Converted:
    reader = None if to == "python" else constructor_named(to)
    whole, tensors = source.model.identities(unwrap=reader is not None and reader.unwraps_module)
    inventory = whole.listed_by("named_parameters" if reader is None else reader.lists)
    frozen = (index for index, each in enumerate(inventory.parameters) if not each.trainable)
    held = source.by_tensor()
    job = Job(
        source,
        inventory,
        tuple(held[id(tensor)] for tensor in tensors),
        frozenset(frozen if ignore_frozen else ()),
        section,
    )
    if not job.values:
        raise ConfigError("nothing is left to convert: no parameter in the optimizer trains")
    written = TARGETS[to](job)
    (proof.by_running if reader is None else proof.by_audit)(written.text, job)
    return Converted(written.text, (*written.notes, *_notes(job)))


def _model_section(config: Config) -> dict[str, Any]:
    """What the config says of its own model."""
    if config.model is None:
        return {}
    return {"model": config.model, **({"model_args": config.model_args} if config.model_args else {})}


def _notes(job: Job) -> Iterator[str]:
    report = job.source.report
    yield from job.source.notes
    for each in without_effect(report):
        yield f"not translated, for it has no effect of its own on this model: {each}"
    if unread := job.source.unread:
        words = ", ".join(map(visible, unread))
        yield f"left out, as neither {visible(job.optimizer.type)} nor a scheduler reads it: {words}"
    if report.basis and (report.config.expect or report.config.ignores):
        yield "`expect` and `findings` are left out, since they are about the old config"
    if job.ignored:
        yield f"not compared: {len(job.ignored):,} frozen, such as {job.named(sorted(job.ignored)[:1])}"
