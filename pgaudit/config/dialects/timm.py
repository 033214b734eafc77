"""The ``args.yaml`` that timm's ``train.py`` writes, and reads with ``--config``.

Source of the semantics: timm 1.0.31, ``optimizer_kwargs`` of ``timm/optim/_optim_factory.py``, and ``train.py`` beside
it: ``create_optimizer_v2(model, **optimizer_kwargs(args), **args.opt_kwargs)``. Its argparse reads a text for a number
as that number, so that ``1e-4`` is one; but not within ``opt_kwargs`` and lists. ``opt_args``, which only a file can
hold, have the last word, and ``opt_kwargs`` must say nothing that is said already.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import Any

from pgaudit.config.dialects.translation import Translation, Translator
from pgaudit.config.dialects.words import Words
from pgaudit.config.schedules import TRAINING, training_schedule

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
_ALWAYS = ("lr", "weight_decay", "momentum")
"""What ``train.py`` hands over whatever it is."""
_GROUPING = ("layer_decay", "layer_decay_min_scale", "layer_decay_no_opt_scale")
_OF_GROUPS = (*_GROUPING, "filter_bias_and_bn", "fallback_list", "fallback_no_weight_decay")
"""What create_optimizer_v2 makes groups by, and does not hand to the optimizer's class."""
_FACTORS = ("batch_size", "world_size", "grad_accum_steps")
_OF_MODEL = {"num_classes": "num_classes", "in_chans": "in_chans", "gp": "global_pool"}
_OF_SCHEDULE = """
    epochs warmup_epochs cooldown_epochs patience_epochs decay_epochs decay_rate min_lr warmup_lr lr_cycle_mul
    lr_cycle_decay lr_cycle_limit lr_k_decay lr_noise_pct lr_noise_std
    """.split()
_NUMBERS = frozenset(
    [*_ALWAYS, "opt_eps", *_GROUPING, "lr_base", "lr_base_size", *_FACTORS, "num_classes", "in_chans", *_OF_SCHEDULE]
)
"""What argparse reads as numbers."""
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
    _say_further(own, words, "opt_args")
    _say_lr(own, words)
    if not words.has("weight_decay"):
        raise words.error("train.py fills in a weight_decay of its own", "opt", hint="write `weight_decay:` into it")
    for word, argument in _ARGUMENTS.items():
        if (value := _value(words, word)) is not None:
            own.say(("optimizer", argument), value, (word,), literal=isinstance(value, list))
        elif word in _ALWAYS and words.has(word):
            raise words.error(f"train.py hands over a {word} of None", word, hint="write a number")
    for word in _GROUPING:
        if (value := _value(words, word)) is not None:
            own.say(("paramwise_cfg", word), value, (word,))
    _say_further(own, words, "opt_kwargs", once=True)
    _say_model(own, words)
    top = {key: _value(words, key) for key in TRAINING["timm"].all if words.has(key)}
    schedule = training_schedule("timm", top)
    return own.done("timm's train.py reads it", schedule and replace(schedule, of_training=True))


def _say_further(own: Translator, words: Words, word: str, *, once: bool = False) -> None:
    """Says what stands in a mapping of further arguments; with ``once``, nothing may have said it before."""
    for key, value in _mapping(words, word).items():
        at = "paramwise_cfg" if key in _OF_GROUPS else "optimizer", key
        if once and (key in _ALWAYS or own.has_said(at)):
            problem = f"create_optimizer_v2() got multiple values for keyword argument {key!r}"
            raise words.error(f"train.py would raise TypeError: {problem}", word, key, hint="say it once")
        own.say(at, value, (word, key), literal=True)


def _mapping(words: Words, word: str) -> dict[str, Any]:
    found = words.get(word) or {}
    if not isinstance(found, dict):
        raise words.error(f"`{word}` is a mapping of arguments", word, hint=None)
    return found


def _value(words: Words, word: str) -> Any:
    """What argparse makes of a word: a number of its text."""
    value = words.get(word)
    if isinstance(value, str) and word in _NUMBERS:
        with contextlib.suppress(ValueError):
            return int(value) if value.strip().isdecimal() else float(value)
    return value


def _say_lr(own: Translator, words: Words) -> None:
    """Says the lr, which ``train.py`` makes of ``lr_base`` and the size of all batches where it is not given."""
    if lr := _value(words, "lr"):
        own.say(("optimizer", "lr"), lr, ("lr",))
        return
    numbers: dict[str, Any] = {word: _value(words, word) for word in ("lr_base", "lr_base_size", *_FACTORS)}
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
            own.say(("model_args", argument), _value(words, word), (word,))
    for key, value in _mapping(words, "model_kwargs").items():
        own.say(("model_args", key), value, ("model_kwargs", key), literal=True)
