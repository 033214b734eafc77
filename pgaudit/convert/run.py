"""convert(): a policy in the words of another library, proved to come to the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pgaudit.config import Config, load_config
from pgaudit.convert import basecls, openmmlab, proof, python, rules, timm
from pgaudit.convert.job import Job, Written, job
from pgaudit.convert.left_out import without_effect
from pgaudit.convert.lots import Built, built
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.models.source import ModelSource, model_source
from pgaudit.serialize import portable
from pgaudit.text import did_you_mean, quoted, visible

if TYPE_CHECKING:
    from pgaudit.models.source import Model
    from pgaudit.pipeline import ConfigSource


@dataclass(frozen=True)
class Target:
    """A way to write a policy."""

    write: Callable[[Job], Written]
    what: str
    """What it is, in a few words."""
    unwraps: bool = False
    """Whether it begins at the model's attribute ``module``."""
    proved: Callable[[str, Job, ModelSource], None] = proof.by_audit
    runs: bool = False
    """Whether it is proved on the model itself."""


TARGETS: Mapping[str, Target] = {
    "rules": Target(rules.write, "pgaudit's own rules"),
    "mmcv": Target(openmmlab.write_mmcv, "mmcv 1.x' default constructor", unwraps=True),
    "mmengine": Target(openmmlab.write_mmengine, "mmengine's default constructor", unwraps=True),
    "timm": Target(timm.write, "timm's create_optimizer_v2"),
    "basecls": Target(basecls.write, "BaseCls' get_param_groups"),
    "python": Target(python.write, "plain Python, with torch alone", proved=python.by_running, runs=True),
}
"""By the word for ``--to``."""


@dataclass(frozen=True)
class Converted:
    """A policy in another library's words."""

    text: str
    notes: tuple[str, ...]
    """What its reader should know."""


def target_named(name: str) -> Target:
    """Returns a target.

    Raises:
        UsageError: there is none of that name.
    """
    if name not in TARGETS:
        raise UsageError(f"nothing is written as {quoted(name)}", did_you_mean(name, TARGETS) or _known())
    return TARGETS[name]


def _known() -> str:
    return f"--to {', '.join(TARGETS)}"


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
    target = target_named(to)
    read = load_config(config, constructor=constructor)
    subject = model_source(model, read, model_args)
    if target.runs and subject.build is None:
        hint = "name the model itself, not an inventory of it"
        raise UsageError(f"what is written as {quoted(to)} is proved by running it on the model", hint)
    source = built(subject, read)
    title = f"{visible(portable(read.path)) if read.path else 'A policy'} ({read.constructor})"
    named = {} if read.model is None or model not in (None, read.model) else _model_of(read)
    inert = without_effect(source.report)
    work = job(
        source,
        subject,
        unwrap=target.unwraps,
        lists="named_children" if target.unwraps else "named_parameters",
        ignore_frozen=ignore_frozen,
        title=title,
        model_section=named,
        without_effect=inert,
    )
    if not work.inside:
        raise ConfigError("nothing is left to convert: no parameter in the optimizer trains")
    written = target.write(work)
    target.proved(written.text, work, subject)
    dropped = (f"not translated, for it has no effect of its own on this model: {each}" for each in inert)
    return Converted(written.text, (*written.notes, *dropped, *_notes(source, work)))


def _model_of(config: Config) -> dict[str, Any]:
    """What the config says of its own model."""
    return {"model": config.model, **({"model_args": config.model_args} if config.model_args else {})}


def _notes(source: Built, work: Job) -> list[str]:
    found = []
    if source.unread:
        words = ", ".join(sorted(map(visible, source.unread)))
        found.append(f"left out, as neither {visible(source.spec.name)} nor a scheduler reads it: {words}")
    config = source.config
    if config.expect or config.ignores:
        found.append("`expect` and `findings` are left out, since they are about the old config")
    if work.ignored:
        found.append(f"not compared: {len(work.ignored):,} frozen, such as {work.named(sorted(work.ignored)[:1])}")
    return found
