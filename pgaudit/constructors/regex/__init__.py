"""big_vision's ordered full-match patterns, on torch's names.

Source of the semantics: big_vision 0127fb6, ``big_vision/optax.py`` (``make``, ``_make_mask_trees``, ``_split_frozen``)
and ``big_vision/utils.py`` (``make_mask_trees``). Three lists of patterns, each for itself: the first one that fits the
whole name wins. ``schedule`` says what trains, and must speak of every parameter where it is a list; what stands under
``lr_mults`` multiplies the lr, by 1 where no pattern fits; under ``wd_mults`` the weight decay, of which there is none
where no pattern fits.

big_vision runs on JAX; for a torch model, some choices had to be made:

* Names are torch's, with dots. big_vision's default for ``wd_mults``, ``.*/kernel$``, fits none of them, so that a
  weight decay needs ``wd_mults`` written out.
* What has null in ``schedule`` stays in big_vision's optimizer, which multiplies its updates by zero; here it is left
  out. So are parameters without ``requires_grad``, which JAX does not know, before any pattern is asked; a schedule
  must speak of them all the same.
* optax masks one optimizer; torch has groups: one for each lr and weight decay, in the order in which they are first
  seen. A tied parameter is decided under its first name.
* The multipliers are the same and the numbers are as written, but the update is the optimizer's: optax adds the decay
  after the lr has been multiplied in, so that big_vision's ``wd`` is not multiplied by lr, while torch's AdamW
  multiplies its own. A ``wd`` of big_vision is a ``weight_decay`` of ``wd / lr`` there, before any ``lr_mults``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgaudit.constructors.base import Decision, Decisions, OptimizerDefaults
from pgaudit.constructors.basic import FROZEN, Basic, explained, refuse_raising
from pgaudit.constructors.engine import RuleChains
from pgaudit.constructors.evaluation import Occurrence
from pgaudit.constructors.profile import AS_GIVEN, FIRST, IGNORED, LEFT_OUT, Profile
from pgaudit.constructors.regex.patterns import errors
from pgaudit.constructors.regex.rules import AT, chains_of
from pgaudit.core.config import Config
from pgaudit.core.layout import Layout
from pgaudit.core.parameters import Inventory
from pgaudit.core.setting import NOT_OPTIMIZED, Provenance, Setting
from pgaudit.files.schemas import ANYTHING, NUMBER, TEXT, Schema, array, fields, mapping, optional
from pgaudit.files.validation import Invalid
from pgaudit.text import counted, visible

PAIR: Schema = {"type": "array", "prefixItems": [TEXT, NUMBER], "minItems": 2, "maxItems": 2}
"""A pattern, and by what it multiplies."""

_NAMED = 3
"""Names of parameters without a schedule that are spelled out."""


class Regex(Basic):
    """Multipliers of lr and weight decay by the first pattern that fits a parameter's whole name."""

    name = "regex"
    title = "big_vision's ordered full-match patterns"
    aliases = ("big_vision",)
    nicknames = ("bigvision",)
    schemas: Mapping[str, Schema] = {
        "paramwise_cfg": mapping({"schedule": ANYTHING, **fields("lr_mults wd_mults", optional(array(PAIR)))})
    }
    profile = Profile(
        names="a pattern is an expression that matches the whole name; the first wins, in each list by itself",
        lr="lr_mults, base",
        weight_decay="wd_mults, else none",
        frozen=LEFT_OUT,
        tied=FIRST,
        groups="one for each set of equal settings",
        begins=AS_GIVEN,
        unknown=IGNORED,
    )
    example: Mapping[str, Any] | None = {
        "paramwise_cfg": {"wd_mults": [[r".*\.bias", 0.0], [r".*(norm|bn).*", 0.0], [".*", 1.0]]}
    }
    library = "big_vision 0127fb6"
    options: Mapping[str, str] = {
        "schedule": "which parameters train: patterns that speak of all, with null for those that do not",
        "lr_mults": "patterns, and by what the lr is multiplied",
        "wd_mults": "patterns, and by what the weight decay is multiplied; nothing else decays",
    }

    def errors(self, layout: Layout) -> list[Invalid]:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        return errors(layout)

    def chains(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> RuleChains:
        """The patterns, list by list."""
        return chains_of(config, defaults)

    def decide(self, inventory: Inventory, config: Config, defaults: OptimizerDefaults) -> Decisions:
        """See :class:`pgaudit.constructors.base.Constructor`."""
        chains = self.chains(inventory, config, defaults)
        refuse_raising(config, inventory, ["named_parameters"], "a port of big_vision", "constructor")
        frozen = Decision(Setting.left_out(FROZEN), None)
        groups: dict[tuple[float | None, float | None], int] = {}
        decisions, uncovered = [Decision(NOT_OPTIMIZED, None)] * len(inventory.parameters), []
        for index, parameter in enumerate(inventory.parameters):
            if index in inventory.unnamed:
                continue
            setting = chains.decide(inventory.first_name(index))
            if setting is NOT_OPTIMIZED:
                uncovered.append(parameter.name)
            elif not parameter.trainable:
                decisions[index] = frozen
            elif setting.excluded:
                decisions[index] = Decision(setting, None)
            else:
                group = groups.setdefault((setting.lr, setting.weight_decay), len(groups))
                decisions[index] = Decision(setting, group)
        if uncovered:
            names = ", ".join(map(visible, uncovered[:_NAMED])) + (" ..." if len(uncovered) > _NAMED else "")
            message = f"no pattern fits {counted(len(uncovered), 'tensor')}: {names}; big_vision would raise "
            hint = 'end the list with [".*", {}], or [".*", null] to leave the rest out'
            raise config.error(f"{message}AssertionError", AT, "schedule", hint=hint)
        return Decisions(tuple(decisions), chains.base)

    def evaluations(
        self, inventory: Inventory, config: Config, defaults: OptimizerDefaults, index: int
    ) -> Iterator[Occurrence]:
        """Each parameter is met once, under its first name."""
        visit, trainable = inventory.first_name(index), inventory.parameters[index].trainable
        tried = explained(
            self.chains(inventory, config, defaults), visit, trainable=trainable, why="it is frozen, and left out"
        )
        yield Occurrence(visit.name, tuple(tried))

    def renamed(self, config: Config, rule: Provenance, to: str) -> Config | None:
        """Returns the config with a pattern written otherwise."""
        options = config.paramwise_cfg or {}
        entries = options.get(rule.option)
        if rule.key is None or not isinstance(entries, (list, tuple)):
            return None
        written = [[to, value] if pattern == rule.key else [pattern, value] for pattern, value in entries]
        return replace(config, paramwise_cfg={**options, rule.option: written})

    def exempting(self, config: Config, part: str) -> tuple[str, Config] | None:
        """A pattern that stands first, and so wins."""
        options = config.paramwise_cfg or {}
        entries = list(options.get("wd_mults") or [])
        pattern = f".*{part}.*"
        if any(entry[0] == pattern for entry in entries):
            return None
        return pattern, replace(config, paramwise_cfg={**options, "wd_mults": [[pattern, 0.0], *entries]})
