"""A policy as timm's create_optimizer_v2 has it. It has few words: what is not decayed is the model's own to say, and a
layer's scale is a power of one number. All that it could mean is tried, until one comes to the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgaudit.convert.job import Converted, Job
from pgaudit.convert.source import own_values, values_of
from pgaudit.core.errors import ConfigError, PgauditError
from pgaudit.optimizers.calls import call_of, timm_names
from pgaudit.pipeline import audit
from pgaudit.text import visible


def write(job: Job) -> Converted:
    """Returns the policy as timm reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    lr = job.one_value("lr", "timm has one lr for all")
    decay = job.one_value("weight_decay", "timm knows one weight decay beside 0", 0.0)
    job.refuse_frozen("timm leaves frozen parameters out, and these are in the optimizer", inside=True)
    name, arguments = _call(job, lr)
    optimizer = {"type": name, "lr": lr, "weight_decay": decay, **arguments}
    unlike = job.compared
    for options in _options(job):
        config = {"constructor": "timm", "optimizer": optimizer, **({"paramwise_cfg": options} if options else {})}
        found = _differing(job, config)
        if not found:
            return Converted(job.config("timm", config))
        unlike = min(unlike, found, key=len)
    why = "timm goes by dimensions, layers and the model's own no_weight_decay(), which says otherwise of"
    job.refuse_if(unlike, why)
    raise AssertionError("a refusal names parameters")


def _call(job: Job, lr: float) -> tuple[str, dict[str, Any]]:
    """timm's name for the class, and the arguments under which it comes to the same: timm's own defaults for it may be
    others than those of the class.
    """
    defaults = job.optimizer.defaults
    wanted = own_values(job.optimizer)
    for name in timm_names(job.source.call.kind):
        arguments = dict(job.arguments)
        for _ in range(2):
            call = call_of(name, {**arguments, "lr": lr, "weight_decay": 0.0}, "timm")
            made = own_values(replace(job.optimizer, arguments=call.arguments))
            if made == wanted:
                return name, arguments
            arguments |= {key: defaults[key] for key in made if key in defaults and made[key] != wanted.get(key)}
    raise ConfigError(f"timm has no name for {visible(job.optimizer.type)} with these arguments")


def _options(job: Job) -> Iterator[dict[str, Any]]:
    """What ``paramwise_cfg`` could hold, simplest first: of layer decays, the source's own, or the scale next to 1."""
    report = job.source.report
    own = (report.config.paramwise_cfg or {}).get("layer_decay") if report.basis else None
    scales = {held.get("lr_scale", 1.0) for held in job.values.values()}
    nearest = sorted(scales - {1.0}, key=lambda scale: abs(scale - 1.0))[:1]
    decays = dict.fromkeys([*([own] if isinstance(own, (int, float)) else []), *nearest])
    for options in ({}, *({"layer_decay": decay} for decay in decays)):
        yield from (options, {"filter_bias_and_bn": False, **options})


def _differing(job: Job, config: Mapping[str, Any]) -> list[int]:
    """The parameters that would get something else."""
    try:
        found = values_of(audit(job.inventory, config).assignment)
    except PgauditError:
        return job.compared
    return [index for index in job.compared if repr(found[index]) != repr(job.held[index])]
