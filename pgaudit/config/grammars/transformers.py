"""How the arguments of transformers' Trainer are written: as those of the optimizer. Nothing is parameter-wise."""

from __future__ import annotations

from pgaudit.config.grammars.base import Grammar

TRANSFORMERS = Grammar("transformers", "transformers Trainer.create_optimizer", ("Trainer",))
