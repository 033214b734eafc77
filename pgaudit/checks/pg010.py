"""Frozen parameters in a group, or trainable ones in none.

What: mmcv 1.x and BaseCls put parameters that do not require a gradient into groups, with the base values: they are
asked for before any rule. mmengine leaves them out, and warns of each. And mmcv and mmengine begin at a model's
attribute `module`, whatever it is: parameters beside it are in no group at all.

Why it hurts: a frozen parameter in a group is harmless while it stays frozen. Unfrozen later in training, it trains at
the base lr, not at that of its custom key. A trainable parameter in no group is never trained, and nothing says so.

Example: a backbone whose first stage is frozen, under `custom_keys: {backbone: {lr_mult: 0.1}}`, unfrozen after an
epoch: the stage trains at 10 times the lr of the rest.

How to mend it: unfreeze before the optimizer is built, or leave it at that and ignore the finding. For parameters in no
group: rename the attribute `module`.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Finding, Kind
from pgaudit.text import counted, visible

KIND = Kind("PG010", "frozen-or-missing", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields one finding for all frozen parameters in groups, and one for all trainable ones in none."""
    pairs = zip(audited.inventory.parameters, audited.assignment.decisions, strict=True)
    trainable = [(parameter.trainable, decision.group is not None) for parameter, decision in pairs]
    frozen = [index for index, pair in enumerate(trainable) if pair == (False, True)]
    missing = [index for index, pair in enumerate(trainable) if pair == (True, False)]
    if frozen:
        where = "in the optimizer"
        hint = "once unfrozen, they train"
        if audited.config.paramwise_cfg and all(_is_past_rules(audited, index) for index in frozen):
            where += " at the base values"
            hint = "unfrozen later, they train without their rules"
        message = f"{_are(frozen, 'frozen parameter')} {where}{words.which(audited, frozen)}"
        yield audited.finding(KIND, message, hint, key="frozen", indices=frozen)
    if warned := list(audited.assignment.warned):
        which = words.which(audited, warned)
        message = f"{_are(warned, 'frozen parameter')} left out of the optimizer, with a warning{which}"
        yield audited.finding(KIND, message, "unfrozen later, they are never trained", key="frozen", indices=warned)
    by_rule = {index: rule for index in missing if (rule := audited.assignment.decisions[index].setting.lr_rule)}
    for rule in dict.fromkeys(by_rule.values()):
        left_out = [index for index, found in by_rule.items() if found == rule]
        message = f"{visible(rule.option)} leaves out {words.amount(audited, left_out)}{words.which(audited, left_out)}"
        hint = "they are never optimized; freeze them before, or ignore this finding, if that is meant"
        yield audited.finding(KIND, message, hint, at=audited.rule_at(rule) or (), key=rule.short, indices=left_out)
    if missing := [index for index in missing if index not in by_rule]:
        are = _are(missing, "trainable parameter")
        message = f"{are} in no group, and never optimized{words.which(audited, missing)}"
        yield audited.finding(KIND, message, _way_in(audited, missing), key="missing", indices=missing)


def _is_past_rules(audited: Audited, index: int) -> bool:
    rule = audited.assignment.decisions[index].setting.lr_rule
    return rule is not None and rule.option == "frozen"


def _way_in(audited: Audited, missing: list[int]) -> str:
    if any(audited.inventory.parameters[index].reachable for index in missing):
        return "the model's own parameters() leaves them out"
    return f"{audited.constructor.name} takes the attribute `module` for the whole model: rename it"


def _are(indices: list[int], noun: str) -> str:
    return f"{counted(len(indices), noun)} {'is' if len(indices) == 1 else 'are'}"
