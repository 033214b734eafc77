"""The ``args.yaml`` that timm's ``train.py`` writes, and reads with ``--config``.

Source of the semantics: timm 1.0.31, ``optimizer_kwargs`` of ``timm/optim/_optim_factory.py``, and ``train.py`` beside
it: ``create_optimizer_v2(model, **optimizer_kwargs(args), **args.opt_kwargs)``. Its argparse reads a text for a number
as that number, so that ``1e-4`` is one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgaudit.config.dialects.translation import Translation, Translator
from pgaudit.config.dialects.words import Words
from pgaudit.config.schedules import training_schedule

_SIGNS = (
    "lr_base opt_eps opt_betas opt_kwargs warmup_lr min_lr decay_rate clip_mode layer_decay drop_path reprob".split()
)
"""Of which one must stand beside ``opt`` and ``sched``."""
_ARGUMENTS = {
    "weight_decay": "weight_decay",
    "momentum": "momentum",
    "opt_eps": "eps",
    "opt_betas": "betas",
    "opt_foreach": "foreach",
}
_GROUPING = ("layer_decay", "layer_decay_min_scale", "layer_decay_no_opt_scale")
_OF_GROUPS = (*_GROUPING, "filter_bias_and_bn", "fallback_list", "fallback_no_weight_decay")
"""What create_optimizer_v2 makes groups by, and does not hand to the optimizer's class."""
_FACTORS = ("batch_size", "world_size", "grad_accum_steps")
_OF_MODEL = {"num_classes": "num_classes", "in_chans": "in_chans", "gp": "global_pool"}
_BY_ROOT = ("ada", "lamb")
"""What in an optimizer's name makes its lr go by the root of the batch size."""


def read(words: Words) -> Translation | None:
    """Returns what an ``args.yaml`` says; None for a config of another tool.

    Raises:
        ConfigError: it is one, and does not say all that ``train.py`` goes by.
    """
    if not words.holds(str, "opt") or not words.has("sched") or not any(map(words.has, _SIGNS)):
        return None
    if words.get("split_bn"):
        raise words.error("`split_bn` makes another model of it", "split_bn")
    own = Translator(words)
    own.say(("constructor",), "timm", ("opt",))
    own.say(("optimizer",), {}, ("opt",))
    own.say(("optimizer", "type"), words.get("opt"), ("opt",))
    _say_lr(own, words)
    if not words.has("weight_decay"):
        raise words.error("train.py fills in a weight_decay of its own", "opt", hint="write `weight_decay:` into it")
    for word, argument in _ARGUMENTS.items():
        if words.get(word) is not None:
            own.say(("optimizer", argument), words.get(word), (word,))
    for word in _GROUPING:
        if words.get(word) is not None:
            own.say(("paramwise_cfg", word), words.get(word), (word,))
    for further in ("opt_args", "opt_kwargs"):
        for key, value in (words.get(further) or {}).items() if words.holds(dict, further) else ():
            own.say(("paramwise_cfg" if key in _OF_GROUPS else "optimizer", key), value, (further, key))
    _say_model(own, words)
    top = {key: words.get(key) for key in words.document.value}
    schedule = training_schedule("timm", top)
    return own.done("timm's train.py reads it", schedule and replace(schedule, of_training=True))


def _say_lr(own: Translator, words: Words) -> None:
    """Says the lr, which ``train.py`` makes of ``lr_base`` and the size of all batches where it is not given."""
    if words.get("lr"):
        own.say(("optimizer", "lr"), words.get("lr"), ("lr",))
        return
    numbers: dict[str, Any] = {word: words.get(word) for word in ("lr_base", "lr_base_size", *_FACTORS)}
    missing = [f"`{word}`" for word, value in numbers.items() if not _is_positive(value)]
    at = "lr" if words.has("lr") else "opt"
    if missing:
        product = " × ".join(("lr_base", *_FACTORS))
        message = f"train.py makes the lr of {product} / lr_base_size, and {' and '.join(missing)} is not said here"
        raise words.error(message, at, hint="write `lr:`, or what is missing, into it")
    ratio = numbers["batch_size"] * numbers["world_size"] * numbers["grad_accum_steps"] / numbers["lr_base_size"]
    scale = words.get("lr_base_scale") or (
        "sqrt" if any(each in words.get("opt").lower() for each in _BY_ROOT) else "linear"
    )
    own.say(("optimizer", "lr"), numbers["lr_base"] * (ratio**0.5 if scale == "sqrt" else ratio), ("lr_base",))


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _say_model(own: Translator, words: Words) -> None:
    """Says what the model is built with, as far as that makes its parameters."""
    sizes = words.get("input_size")
    if isinstance(sizes, list) and sizes and words.get("in_chans") is None:
        own.say(("model_args", "in_chans"), sizes[0], ("input_size",))
    for word, argument in _OF_MODEL.items():
        if words.get(word) is not None:
            own.say(("model_args", argument), words.get(word), (word,))
    for key, value in (words.get("model_kwargs") or {}).items() if words.holds(dict, "model_kwargs") else ():
        own.say(("model_args", key), value, ("model_kwargs", key))
