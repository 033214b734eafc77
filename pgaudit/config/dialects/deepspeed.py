"""DeepSpeed's JSON: ``{"optimizer": {"type": "AdamW", "params": {"lr": ...}}, "scheduler": {"type": "WarmupLR"}}``.

Source of the semantics: DeepSpeed 0.19, ``_configure_basic_optimizer`` of ``deepspeed/runtime/engine.py``. Its Adam is
AdamW unless ``adam_w_mode`` says otherwise, and has no weight decay by itself; a name that is none of its own is a
class of ``torch.optim``. All of the parameters that the code hands over are one group. So they are under transformers'
Trainer: ``integrations/deepspeed.py`` makes no groups where the JSON has an optimizer.
"""

from __future__ import annotations

from typing import Any

from pgaudit.config.dialects.translation import Translation, Translator
from pgaudit.config.dialects.words import WAY_IN, Words
from pgaudit.config.layouts import DEEPSPEED
from pgaudit.core.schedule import Schedule
from pgaudit.text import quoted

_ADAM = ("adam", "adamw")
_OWN = "adagrad lamb onebitadam onebitlamb zerooneadam muadam muadamw musgd lion muon".split()
"""Names of DeepSpeed's own, in any case."""
_ONE_GROUP = f"one group of model.parameters(), under transformers' Trainer, too; if code makes others, {WAY_IN}"
_SWITCHES = ("torch_adam", "adam_w_mode", "bias_correction", "set_grad_none", "fp32_optimizer_states")
"""Arguments of its Adam that torch's classes do not have, and that leave lr and weight decay as they are."""


def read(words: Words) -> Translation | None:
    """Returns what a config of DeepSpeed's says; None for a config of another tool.

    Raises:
        ConfigError: it is one, and does not say which optimizer trains.
    """
    section = words.peek("optimizer")
    if not isinstance(section, dict) or "type" not in section:
        if any(map(words.has, DEEPSPEED)) and section is None:
            sign = next(filter(words.has, DEEPSPEED))
            raise words.error("this config of DeepSpeed's has no optimizer: the code makes it", sign)
        return None
    name = words.get("optimizer", "type")
    if not isinstance(name, str):
        raise words.error("`type` names no optimizer", "optimizer", "type")
    if name.lower() in _OWN:
        raise words.error(f"{quoted(name)} is a class of DeepSpeed's own", "optimizer", "type")
    own = Translator(words)
    params = words.get("optimizer", "params") or {}
    if not isinstance(params, dict):
        raise words.error("`params` are a mapping of the optimizer's arguments", "optimizer", "params", hint=None)
    own.say(("optimizer",), {}, ("optimizer",))
    for key, value in params.items():
        _refuse(words, key, value)
        if name.lower() not in _ADAM or key not in _SWITCHES:
            own.say(("optimizer", key), value, ("optimizer", "params", key))
    kind = name
    if name.lower() in _ADAM:
        kind = "AdamW" if name.lower() == "adamw" or params.get("adam_w_mode", True) else "Adam"
        if not params.get("torch_adam"):
            own.say(("optimizer", "weight_decay"), 0.0, ("optimizer", "type"))
    own.say(("optimizer", "type"), kind, ("optimizer", "type"))
    return own.done("DeepSpeed's", _schedule(words), _ONE_GROUP)


def _refuse(words: Words, key: str, value: Any) -> None:
    at = ("optimizer", "params", key)
    if value == "auto":
        hint = "write the value that it puts there"
        raise words.error(f'{key}: "auto" is filled in by transformers, from its TrainingArguments', *at, hint=hint)
    if key == "max_grad_norm":
        raise words.error("DeepSpeed would raise ValueError: 'max_grad_norm' is not supported", *at, hint=None)


def _schedule(words: Words) -> Schedule | None:
    if not words.holds(str, "scheduler", "type"):
        return None
    return Schedule("deepspeed", words.get("scheduler"), at=("scheduler",), of_training=True)
