"""Frozen parameters in a group, or trainable ones in none.

What: mmcv 1.x puts parameters that do not require a gradient into groups at the base values, before it looks at any
rule; BaseCls treats them like all others; mmengine leaves them out, and warns of each. Rules that match such parameters
alone change nothing, and are named in the finding. mmcv and mmengine also take a model's attribute `module` for the
whole model: parameters outside of it are in no group. Of one optimizer that was built it says which trainable
parameters it does not hold; of several PG034 does, and of one that holds none at all; of frozen ones PG035.

Why it hurts: a frozen parameter in a group is harmless while it stays frozen. Unfrozen later in training, under mmcv it
trains at the base lr, not at that of its custom key. A trainable parameter in no group is never trained, and nothing
says so.

Example: a backbone whose first stage is frozen, under `custom_keys: {backbone: {lr_mult: 0.1}}`, unfrozen after an
epoch: the stage trains at 10 times the lr of the rest.

How to fix it: unfreeze before the optimizer is built, or leave it at that and ignore the finding. For parameters in no
group: rename the attribute `module`; in code, build the optimizer once the model is whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.pg002 import named
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import Finding
from pgaudit.text import visible

KIND = Kind("PG010", "frozen-or-missing", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields one finding for all frozen parameters, one for what each rule leaves out, and one for what is missing."""
    yield from _of_frozen(audited)
    missing = [
        index
        for index, decision in enumerate(audited.assignment.params)
        if decision.group is None and audited.inventory.parameters[index].trainable
    ]
    by_rule = {index: rule for index in missing if (rule := audited.assignment.params[index].setting.lr_rule)}
    for rule in dict.fromkeys(by_rule.values()):
        left_out = [index for index, found in by_rule.items() if found == rule]
        message = f"{visible(rule.option)} leaves out {words.amount(audited, left_out)}{words.which(audited, left_out)}"
        hint = "they are never optimized; freeze them before, or ignore this finding, if that is meant"
        yield audited.finding(KIND, message, hint, at=audited.rule_at(rule) or (), key=rule.short, indices=left_out)
    if missing := [index for index in missing if index not in by_rule]:
        message = never_optimized([audited.inventory.parameters[index].name for index in missing], "no group")
        yield audited.finding(KIND, message, _way_in(audited, missing), key="missing", indices=missing)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for what the one optimizer does not hold."""
    missing = audit.missing
    if len(audit.optimizers) == 1 and missing and not audit.trains_nothing:
        message = never_optimized([row.name for row in missing], "no group")
        yield audit.finding(KIND, message, why_missing(audit, missing), key="missing", rows=missing)


def never_optimized(names: Sequence[str], where: str) -> str:
    """Returns what is wrong with trainable parameters that are ``where``: in no group, or in none of the optimizers."""
    return f"{words.are(len(names), 'trainable tensor')} in {where}, and never optimized{words.such_as(names)}"


def why_missing(audit: BuiltAudit, missing: Sequence[ParamAssignment]) -> str:
    """Returns a hint: whether the optimizers hold tensors like the missing ones, which are in no module."""
    if audit.assignment.origin == "checkpoint":
        return "they were left out or frozen in that run, or added to the model since"
    known = audit.parameters
    strange = Counter(member.tensor.shape for member in audit.members if member.row.name not in known)
    wanted = Counter(row.param.shape for row in missing)
    if strange and wanted <= strange:
        return "tensors of their shapes are in a group and in no module: they were replaced after that was built"
    return "left out, or added too late: hand them over, or freeze them"


def frozen(audited: Audited) -> list[int]:
    """Returns the frozen parameters that there is a finding about: those in a group, or left out with a warning."""
    warned = set(audited.assignment.warned)
    return [
        index
        for index, (parameter, decision) in enumerate(
            zip(audited.inventory.parameters, audited.assignment.params, strict=True)
        )
        if not parameter.trainable and (decision.group is not None or index in warned)
    ]


def without_effect(audited: Audited) -> str:
    """Returns ``"backbone" :7, norm_decay_mult :5 change nothing``: the rules that match frozen parameters alone."""
    rules = [hits.rule.provenance for hits in audited.past_frozen]
    names = (f"{named(rule)}{f' {rule.location.mark}' if rule.location else ''}" for rule in rules)
    return f"{words.listed(names)} {'changes' if len(rules) == 1 else 'change'} nothing"


def _of_frozen(audited: Audited) -> Iterator[Finding]:
    indices = frozen(audited)
    if not indices:
        return
    if audited.assignment.warned:
        where, hint = "left out of the optimizer, with a warning", "unfrozen later, they are never trained"
    elif audited.config.paramwise_cfg and all(_is_past_rules(audited, index) for index in indices):
        where, hint = "in the optimizer at the base values", "unfrozen later, they train without their rules"
    else:
        where, hint = "in the optimizer", "once unfrozen, they train"
    message = f"{words.are(len(indices), 'frozen tensor')} {where}{words.which(audited, indices)}"
    idle = audited.past_frozen
    message += f"; so {without_effect(audited)}" if idle else ""
    keys = [hits.rule.provenance.short for hits in idle]
    at = idle[0].rule.at if idle else ()
    yield audited.finding(KIND, message, hint, at=at, key="frozen", indices=indices, keys=keys)


def _is_past_rules(audited: Audited, index: int) -> bool:
    rule = audited.assignment.params[index].setting.lr_rule
    return rule is not None and rule.option == "frozen"


def _way_in(audited: Audited, missing: list[int]) -> str:
    if any(audited.inventory.parameters[index].reachable for index in missing):
        return "the model's own parameters() leaves them out"
    return f"{words.constructor(audited)} takes the attribute `module` for the whole model: rename it"
