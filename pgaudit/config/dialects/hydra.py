"""hydra's ``optimizer: {_target_: torch.optim.AdamW, lr: ${lr}}``, wherever in the config it stands.

Source of the semantics: hydra 1.3, ``hydra/_internal/instantiate``: ``instantiate(cfg.optimizer, params=...)`` calls
the class with all keys but hydra's own. What the code hands over as ``params`` is not in the config; mostly it is
``model.parameters()``.
"""

from __future__ import annotations

import re
from typing import Any

from pgaudit.config.dialects.instances import Spelling, optimizer_of, say_optimizer, schedule_beside
from pgaudit.config.dialects.interpolation import Interpolation
from pgaudit.config.dialects.translation import Translation, Translator
from pgaudit.config.dialects.words import ANY, ONE_GROUP, Words
from pgaudit.core.errors import ConfigError

SPELLING = Spelling("_target_", aside=frozenset({"_partial_", "_convert_", "_recursive_"}), positional="_args_")
_WHOLE = "hydra's `--cfg job` writes the whole config, and a run keeps it in .hydra/config.yaml"
_GROUPED = ("param_group_modifiers", "options")
"""Beside an optimizer, what SAM 2 and its like make groups by."""
_MODELS = re.compile(r"timm\.(?:models\.)?create_model|torchvision\.models\.[a-z]\w*")
_WEIGHTS = frozenset({"pretrained", "weights", "progress", "checkpoint_path", "pretrained_cfg"})


def read(words: Words) -> Translation | None:
    """Returns what a config of hydra's says; None for a config of another tool.

    Raises:
        ConfigError: it is one, and says what cannot be read.
    """
    at = optimizer_of(words, SPELLING)
    if at is None and _is_optimizer(words):
        at = ()
    if at is None:
        _refuse_parts(words)
        return None
    for key in _GROUPED:
        if at and words.holds(dict if key == "options" else list, *at[:-1], key):
            raise words.error(f"the groups of the optimizer are made by `{key}`", *at[:-1], key)
    own = Translator(words)
    say_optimizer(own, words, SPELLING, at)
    _say_model(own, words)
    return own.done("hydra's", schedule_beside(words, SPELLING, at), ONE_GROUP)


def _is_optimizer(words: Words) -> bool:
    """Whether it is one file of a config group, such as ``conf/optimizer/adamw.yaml``."""
    name = words.get("_target_") if words.holds(str, "_target_") else ""
    return ".optim." in f".{name.lower()}" or name.lower().endswith("optimizer")


def _refuse_parts(words: Words) -> None:
    """Refuses a config that hydra composes of others, of which one has the optimizer."""
    if words.holds(list, "defaults") and not words.has("optimizer", "type"):
        raise words.error(
            "hydra composes this config of other files, and the optimizer is in none of its own keys",
            "defaults",
            hint=_WHOLE,
        )


def _say_model(own: Translator, words: Words) -> None:
    """Says which model it is, where it is one of timm's or torchvision's that is made of plain arguments."""
    known = words.mappings(ANY, "_target_", _MODELS)
    if len(known) != 1:
        return
    (at,) = known
    try:
        section: dict[str, Any] = Interpolation(words).get(*at)
    except ConfigError:
        return
    target: str = section["_target_"]
    of_timm = target.startswith("timm")
    arguments = {key: value for key, value in section.items() if not key.startswith("_") and key not in _WEIGHTS}
    name = arguments.pop("model_name", None) if of_timm else target.replace("models.", "models:")
    if isinstance(name, str) and not any(isinstance(value, dict) for value in arguments.values()):
        own.say(("model",), name, (*at, "model_name" if of_timm else "_target_"))
        own.say(("model_args",), arguments, at)
