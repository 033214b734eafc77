"""The Lightning CLI's ``optimizer: {class_path: torch.optim.AdamW, init_args: {...}}``.

Source of the semantics: Lightning 2.6.6, ``lightning/pytorch/cli.py``: the optimizer is made of the parameters of the
whole module that require a gradient, one group. Its model is not built from here: it is a LightningModule, with
arguments that are objects.
"""

from __future__ import annotations

from pgaudit.config.dialects.instances import Spelling, optimizer_of, say_optimizer, schedule_beside
from pgaudit.config.dialects.translation import Translation, Translator
from pgaudit.config.dialects.words import ONE_GROUP, Words

SPELLING = Spelling("class_path", inside=(("init_args",), ("dict_kwargs",)))


def read(words: Words) -> Translation | None:
    """Returns what a config of the Lightning CLI says; None for a config of another tool.

    Raises:
        ConfigError: it is one, and says what cannot be read.
    """
    at = optimizer_of(words, SPELLING)
    if at is None:
        return None
    own = Translator(words)
    say_optimizer(own, words, SPELLING, at)
    return own.done("the Lightning CLI's", schedule_beside(words, SPELLING, at), ONE_GROUP)
