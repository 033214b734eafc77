"""transformers' ``TrainingArguments``, flat in YAML or JSON, as HfArgumentParser reads them; TRL's and LLaMA-Factory's
recipes have them, too.

Source of the semantics: transformers 5.23.0, ``training_args.py``, and ``Trainer.get_optimizer_cls_and_kwargs`` with
``trainer_optimizer.py``. What is read of YAML stays as PyYAML reads it, so that ``1e-4`` is a text there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgaudit.config.dialects.translation import Translation, Translator
from pgaudit.config.dialects.words import Words
from pgaudit.config.schedules import TRAINING
from pgaudit.core.errors import ConfigError
from pgaudit.core.schedule import Schedule
from pgaudit.text import did_you_mean, quoted

_SIGNS = """
    per_device_train_batch_size per_device_eval_batch_size num_train_epochs lr_scheduler_type adam_beta1 adam_beta2
    adam_epsilon optim_target_modules
    """.split()
"""What only TrainingArguments has."""
_OTHERS = """
    learning_rate optim output_dir gradient_accumulation_steps max_grad_norm warmup_ratio warmup_steps max_steps
    weight_decay logging_steps save_strategy eval_strategy save_steps
    """.split()
"""What may stand in another config by itself."""
_GROUPED = """
    loraplus_lr_ratio use_galore use_apollo use_badam use_adam_mini use_muon embedding_lr embedding_lr_scale lr_groups
    learning_rate_mapping
    """.split()
"""Words of LLaMA-Factory, axolotl and sentence-transformers that make other groups."""
_ADAM = {"adamw_torch": {}, "adamw_torch_fused": {"fused": True}}
_BY_ARGUMENTS = {
    "sgd": ("SGD", ("momentum", "dampening")),
    "adagrad": ("Adagrad", ("lr_decay", "eps")),
    "rmsprop": ("RMSprop", ("momentum", "alpha", "eps")),
}
"""Optimizers with the numbers of ``optim_args`` that they take; their weight decay is that of the groups."""
_8BIT = {
    f"{paged}{name}": (kind, {"optim_bits": 8 if "8bit" in name else 32, "is_paged": bool(paged)})
    for paged, names in {
        "": {"adamw_bnb_8bit": "AdamW", "adamw_8bit": "AdamW", "lion_8bit": "Lion", "lion_32bit": "Lion"},
        "paged_": {"adamw_32bit": "AdamW", "adamw_8bit": "AdamW", "lion_32bit": "Lion", "lion_8bit": "Lion"},
    }.items()
    for name, kind in names.items()
}
"""Those of bitsandbytes."""
_WITHOUT_GROUPS = {
    "galore": "takes other groups, and no weight decay",
    "apollo": "takes other groups, and no weight decay",
    "lomo": "takes the model in place of groups",
    "adalomo": "takes the model in place of groups",
}
KNOWN = (*_ADAM, "adafactor", *_BY_ARGUMENTS, *_8BIT)
"""The optimizers that are read."""


def read(words: Words) -> Translation | None:
    """Returns what TrainingArguments say; None for a config of another tool.

    Raises:
        ConfigError: they ask for groups that Trainer's ``create_optimizer`` does not make.
    """
    signs = [word for word in _SIGNS if words.has(word)]
    if not signs or words.has("optimizer") or len(signs) + sum(map(words.has, _OTHERS)) < 2:
        return None
    for word in _GROUPED:
        if words.get(word):
            raise words.error(f"`{word}` makes other groups than Trainer's own", word)
    if words.holds(dict, "deepspeed", "optimizer"):
        raise words.error("DeepSpeed's optimizer takes the place of Trainer's", "deepspeed", "optimizer")
    own = Translator(words)
    sign = next((word for word in ("optim", "learning_rate") if words.has(word)), signs[0])
    own.say(("constructor",), "transformers", (sign,))
    own.say(("optimizer",), {}, (sign,))
    _say_class(own, words, sign)
    for word, argument in (("learning_rate", "lr"), ("weight_decay", "weight_decay")):
        if words.has(word) and words.get(word) is None:
            raise words.error(f"{word} is null, and its default only where it is not there", word, hint="drop it")
        if words.has(word):
            own.say(("optimizer", argument), words.get(word), (word,), literal=True)
    path = words.get("deepspeed")
    remark = f"if {quoted(path)} has an optimizer, it takes the place of this one" if isinstance(path, str) else None
    return own.done("transformers' TrainingArguments", _schedule(words, sign), remark)


def _say_class(own: Translator, words: Words, sign: str) -> None:
    name = words.get("optim") if words.has("optim") else _default()
    kind, arguments = _class_of(words, name)
    own.say(("optimizer", "type"), kind, (sign,))
    if name in _ADAM or name in _8BIT:
        first = next((word for word in ("adam_beta1", "adam_beta2") if words.has(word)), sign)
        betas = [_or_else(words, "adam_beta1", 0.9), _or_else(words, "adam_beta2", 0.999)]
        own.say(("optimizer", "betas"), betas, (first,))
        if kind.endswith("AdamW"):
            at = "adam_epsilon" if words.has("adam_epsilon") else sign
            own.say(("optimizer", "eps"), _or_else(words, "adam_epsilon", 1e-8), (at,), literal=at != sign)
    for key, value in arguments.items():
        own.say(("optimizer", key), value, ("optim_args",) if words.has("optim_args") else (sign,))


def _class_of(words: Words, name: Any) -> tuple[str, dict[str, Any]]:
    """The class that Trainer takes for an ``optim``, and what it hands over beside lr, betas and eps."""
    if not isinstance(name, str):
        raise words.error("`optim` is the name of an optimizer", "optim", hint=KNOWN[0])
    given = _optim_args(words)
    if name in _ADAM:
        return "AdamW", dict(_ADAM[name])
    if name in _8BIT:
        kind, arguments = _8BIT[name]
        return f"bitsandbytes.optim:{kind}", arguments
    if name == "adafactor":
        return "transformers.optimization:Adafactor", {"scale_parameter": False, "relative_step": False}
    if name in _BY_ARGUMENTS:
        kind, numbers = _BY_ARGUMENTS[name]
        return kind, dict(_typed(words, given, numbers, nesterov=name == "sgd"))
    why = next((why for word, why in _WITHOUT_GROUPS.items() if name.startswith(word)), None)
    if why is not None:
        raise words.error(f"{name} {why}", "optim")
    near = did_you_mean(name, KNOWN)
    raise words.error(f"the optimizer {quoted(name)} is not known here", "optim", **({"hint": near} if near else {}))


def _optim_args(words: Words) -> dict[str, str]:
    """What stands in ``optim_args: momentum=0.9,nesterov=true``, which is taken apart whatever the optimizer is."""
    text = words.get("optim_args") or ""
    parts = [part.split("=") for part in str(text).replace(" ", "").split(",")] if text else []
    for part in parts:
        if len(part) != 2:
            raise _no_argument(words, "=".join(part))
    return dict(parts)


def _typed(
    words: Words, given: Mapping[str, str], numbers: Sequence[str], *, nesterov: bool
) -> Iterator[tuple[str, Any]]:
    """Those arguments that an optimizer takes, with what their texts mean."""
    for key, value in given.items():
        if nesterov and key == "nesterov":
            yield key, value.lower() in ("true", "1", "yes")
        elif key in numbers:
            try:
                yield key, float(value)
            except ValueError:
                raise _no_argument(words, f"{key}={value}") from None


def _no_argument(words: Words, part: str) -> ConfigError:
    return words.error(f"{quoted(part)} is no argument and its value", "optim_args", hint="momentum=0.9")


def _default() -> str:
    """TrainingArguments' ``optim``, which is another one from torch 2.8 on."""
    from importlib.metadata import PackageNotFoundError, version  # slow, and seldom needed

    try:
        major, minor = version("torch").split(".")[:2]
    except (PackageNotFoundError, ValueError):
        return "adamw_torch_fused"
    return "adamw_torch_fused" if (int(major), int(minor)) >= (2, 8) else "adamw_torch"


def _or_else(words: Words, word: str, default: float) -> Any:
    return words.get(word) if words.has(word) else default


def _schedule(words: Words, sign: str) -> Schedule:
    """Trainer has one whatever is said: a linear one."""
    known = TRAINING["transformers"]
    given = {word: words.get(word) for word in known.all if words.get(word) is not None}
    at = next((word for word in known.signs if word in given), sign)
    return Schedule("transformers", given, at=(at,), places={key: (key,) for key in given}, of_training=True)
