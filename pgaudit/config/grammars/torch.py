"""How torch's own call is written: as the arguments of the optimizer's class. Nothing is parameter-wise."""

from __future__ import annotations

from pgaudit.config.grammars.base import Grammar

TORCH = Grammar("torch", "torch's one group of model.parameters()")
