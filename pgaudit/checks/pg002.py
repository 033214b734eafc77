"""A key that matches, and always loses.

What: parameters have the key in their names, but another rule takes each of them: a longer key in OpenMMLab's
constructors (among equally long ones the first in the alphabet), an earlier rule in BaseCls. A key for the second name
of a tied parameter loses to whatever the first name gets.

Why it hurts: the order in which the keys are written does not matter to OpenMMLab's constructors, although it looks as
if the more important one stood first. The multiplier of the losing key is never used.

Example: `norm: {decay_mult: 0.0}` beside `backbone.layers: {lr_mult: 0.1}`: the longer key takes the norms, and gives
them full weight decay.

How to fix it: write the losing key longer (`backbone.layers.0.norm`), or say all that is meant for these parameters
under the key that wins; in BaseCls, put the rule before the one that wins.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.hits import Hits
from pgaudit.core.findings import Finding
from pgaudit.core.setting import Provenance
from pgaudit.text import quoted, visible

KIND = Kind("PG002", "shadowed-key", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each key that matches trainable parameters and decides none."""
    for hits in audited.hits:
        rule = hits.rule.provenance
        trainable = [visit.index for visit in hits.matched if audited.inventory.parameters[visit.index].trainable]
        if rule.key is None or hits.decided or not trainable:
            continue
        indices = tuple(dict.fromkeys(trainable))
        all_of_them = "its only tensor" if len(indices) == 1 else f"any of its {len(indices):,} tensors"
        message = f"{named(rule)} does not decide {all_of_them}: {'; '.join(_winners(audited, hits, indices))}"
        yield audited.finding(KIND, message, at=hits.rule.at, key=rule.key, indices=indices)


def named(rule: Provenance) -> str:
    """Returns a rule as messages name it."""
    return quoted(rule.key) if rule.key is not None else visible(rule.option)


def _winners(audited: Audited, hits: Hits, indices: tuple[int, ...]) -> Iterator[str]:
    """Who takes the parameters instead, most first, and by what principle."""
    won: Counter[Provenance] = Counter()
    by_first_name = 0
    first = {visit.index for visit in hits.matched if audited.first_visits[visit.index] is visit}
    for index in indices:
        setting = audited.assignment.params[index].setting
        rule = setting.weight_decay_rule if "weight_decay" in hits.rule.states else setting.lr_rule
        if index not in first or rule is None:
            by_first_name += 1
        else:
            won[rule] += 1
    by_principle: dict[str, list[str]] = {}
    for rule, count in won.most_common():
        line = f" {rule.location.mark}" if rule.location else ""
        taken = f"{named(rule)}{line} takes {_part(count, len(indices))}"
        by_principle.setdefault(audited.chains.principle(rule, hits.rule.provenance), []).append(taken)
    for principle, takers in by_principle.items():
        yield f"{words.listed(takers)} ({principle})"
    if by_first_name:
        yield f"the first name of a tied parameter decides {_part(by_first_name, len(indices))}"


def _part(count: int, of: int) -> str:
    return f"{count:,}" if count < of else "it" if of == 1 else "all"
