"""A policy as timm's create_optimizer_v2 has it. It has few words: what is not decayed is the model's own to say, and a
layer's scale is a power of one number. All that it could mean is tried, until one comes to the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.config import load_config
from pgaudit.convert.job import FROZEN_HINT, Job, Written
from pgaudit.convert.lots import Lot, canonical, lots_of, same
from pgaudit.convert.words import block
from pgaudit.core.errors import ConfigError, PgauditError
from pgaudit.optimizers.calls import call_of, timm_names
from pgaudit.text import visible

SCALE = "lr_scale"


def write(job: Job) -> Written:
    """Returns the policy as timm reads it.

    Raises:
        ConfigError: it cannot be said in its words.
    """
    lr, decay = _one_lr(job), _one_decay(job)
    frozen = [index for index in job.frozen(inside=True) if index in job.matter]
    job.refuse_if(frozen, "timm leaves frozen parameters out, and these are in the optimizer", FROZEN_HINT)
    name, arguments = _call(job, lr)
    optimizer = {"type": name, "lr": lr, "weight_decay": decay, **arguments}
    unlike: list[int] = list(job.matter)
    for options in _options(job):
        config = {"constructor": "timm", "optimizer": optimizer, **({"paramwise_cfg": options} if options else {})}
        found = _differing(job, config)
        if not found:
            text = "\n".join([*job.heading("timm"), *block({**job.model_section, **config}), ""])
            return Written(text)
        unlike = min(unlike, found, key=len)
    job.refuse_if(
        unlike, "timm goes by dimensions, layers and the model's own no_weight_decay(), which says otherwise of"
    )
    raise AssertionError("a refusal names parameters")


def _one_lr(job: Job) -> float:
    lrs = Counter(lot.lr for lot in job.inside.values())
    usual = job.base_lr if job.base_lr in lrs else lrs.most_common(1)[0][0]
    others = [index for index, lot in job.inside.items() if lot.lr != usual]
    job.refuse_if(others, f"timm has one lr for all, and these do not have {usual!r}")
    return usual


def _one_decay(job: Job) -> float:
    decays = Counter(lot.weight_decay for lot in job.inside.values() if lot.weight_decay)
    if not decays:
        return 0.0
    usual = job.base_decay if job.base_decay in decays else decays.most_common(1)[0][0]
    others = [index for index, lot in job.inside.items() if lot.weight_decay not in (0.0, usual)]
    job.refuse_if(others, f"timm knows one weight decay beside 0, and these do not have {usual!r}")
    return usual


def _call(job: Job, lr: float) -> tuple[str, dict[str, Any]]:
    """timm's name for the class, and the arguments under which it comes to the same: timm's own defaults for it may be
    others than those of the class.
    """
    defaults = job.source.report.facts.arguments
    wanted = _held(defaults, job.arguments)
    for name in timm_names(job.source.call.kind):
        arguments = dict(job.arguments)
        for _ in range(2):
            made = _held(defaults, call_of(name, {**arguments, "lr": lr, "weight_decay": 0.0}, "timm").arguments)
            if made == wanted:
                return name, arguments
            arguments |= {key: defaults[key] for key in made if key in defaults and made[key] != wanted.get(key)}
    raise ConfigError(f"timm has no name for {visible(job.source.spec.name)} with these arguments")


def _held(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, object]:
    held = {**defaults, **given}
    return {key: canonical(value) for key, value in held.items() if key not in ("lr", "weight_decay")}


def _options(job: Job) -> Iterator[dict[str, Any]]:
    """What ``paramwise_cfg`` could hold, simplest first."""
    for decay in (None, *_layer_decays(job)):
        for vectors in (True, False):
            yield {
                **({} if vectors else {"filter_bias_and_bn": False}),
                **({} if decay is None else {"layer_decay": decay}),
            }


def _layer_decays(job: Job) -> list[float]:
    """The numbers of which the scales may be powers: the source's own, and the scale next to 1."""
    own = (job.source.config.paramwise_cfg or {}).get("layer_decay")
    scales = {_scale(job, lot) for lot in job.inside.values()} - {1.0}
    nearest = sorted(scales, key=lambda scale: abs(scale - 1.0))[:1]
    found = [*([own] if isinstance(own, (int, float)) else []), *nearest]
    return list(dict.fromkeys(found))


def _scale(job: Job, lot: Lot) -> float:
    value = next((job.source.values[key, held] for key, held in lot.extra if key == SCALE), 1.0)
    return float(value) if isinstance(value, (int, float)) else 1.0


def _differing(job: Job, config: Mapping[str, Any]) -> list[int]:
    """The parameters that would get something else."""
    try:
        lots = lots_of(job.inventory, load_config(dict(config)))
    except PgauditError:
        return list(job.matter)
    return [index for index in job.matter if not same(lots[index], job.lots[index])]
