"""convert(): a policy in the words of another library, proved to come to the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pgaudit.config import load_config
from pgaudit.convert import basecls, openmmlab, proof, python, rules, timm
from pgaudit.convert.job import Converted, Job
from pgaudit.convert.source import ConversionSource, source_of, without_effect
from pgaudit.core.config import Config
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.models.source import ModelSource, model_source
from pgaudit.text import did_you_mean, quoted, visible

if TYPE_CHECKING:
    from pgaudit.models.source import Model
    from pgaudit.pipeline import ConfigSource


@dataclass(frozen=True)
class Target:
    """A way to write a policy."""

    write: Callable[[Job], Converted]
    unwraps: bool = False
    """Whether it begins at the model's attribute ``module``, and lists parameters by ``named_children()``."""
    runs: bool = False
    """Whether it is proved on the model itself."""


TARGETS: Mapping[str, Target] = {
    "rules": Target(rules.write),
    "mmcv": Target(openmmlab.write_mmcv, unwraps=True),
    "mmengine": Target(openmmlab.write_mmengine, unwraps=True),
    "timm": Target(timm.write),
    "basecls": Target(basecls.write),
    "python": Target(python.write, runs=True),
}
"""By the word for ``--to``."""


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
    if to not in TARGETS:
        known = did_you_mean(to, TARGETS) or f"--to {', '.join(TARGETS)}"
        raise UsageError(f"nothing is written as {quoted(to)}", known)
    target = TARGETS[to]
    read = load_config(config, constructor=constructor)
    of = model_source(model, read, model_args)
    if target.runs and of.build is None:
        hint = "name the model itself, not an inventory of it"
        raise UsageError(f"what is written as {quoted(to)} is proved by running it on the model", hint)
    source = source_of(of, read)
    job = _job(source, of, target, ignore_frozen=ignore_frozen)
    if model is None or model == read.model:
        job = replace(job, model_section=_model_section(read))
    if not job.values:
        raise ConfigError("nothing is left to convert: no parameter in the optimizer trains")
    written = target.write(job)
    (proof.by_running if target.runs else proof.by_audit)(written.text, job, of)
    return Converted(written.text, (*written.notes, *_notes(job)))


def _job(source: ConversionSource, of: ModelSource, target: Target, *, ignore_frozen: bool) -> Job:
    """Returns what the target has to write: the source's values in the order in which the target lists parameters."""
    whole, tensors = of.identities(unwrap=target.unwraps)
    inventory = whole.listed_by("named_children" if target.unwraps else "named_parameters")
    values = dict(zip(map(id, source.tensors), source.values, strict=True))
    frozen = (index for index, each in enumerate(inventory.parameters) if not each.trainable)
    ignored = frozenset(frozen if ignore_frozen else ())
    return Job(source, inventory, tuple(values[id(tensor)] for tensor in tensors), ignored)


def _model_section(config: Config) -> dict[str, Any]:
    """What the config says of its own model."""
    if config.model is None:
        return {}
    return {"model": config.model, **({"model_args": config.model_args} if config.model_args else {})}


def _notes(job: Job) -> Iterator[str]:
    report = job.source.report
    for each in without_effect(report):
        yield f"not translated, for it has no effect of its own on this model: {each}"
    if unread := job.source.unread:
        words = ", ".join(sorted(map(visible, unread)))
        yield f"left out, as neither {visible(job.optimizer.type)} nor a scheduler reads it: {words}"
    if report.basis and (report.config.expect or report.config.ignores):
        yield "`expect` and `findings` are left out, since they are about the old config"
    if job.ignored:
        yield f"not compared: {len(job.ignored):,} frozen, such as {job.named(sorted(job.ignored)[:1])}"
