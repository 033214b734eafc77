"""A custom key that gives weight decay back to what another rule had exempted.

What: a custom key takes its parameters away from every other rule. One that names only `lr_mult` sets their weight
decay to the base value, whatever `norm_decay_mult`, `bias_decay_mult` or a shorter key says.

Why it hurts: the norms and biases of the backbone are decayed after all, in a config that plainly says
`norm_decay_mult: 0.0`. Nobody notices, since nothing fails.

Example: `norm_decay_mult: 0.0` with `custom_keys: {backbone: {lr_mult: 0.1}}`: every norm of the backbone has full
weight decay (discussed in mmengine issue 846).

How to fix it: give the key a `decay_mult`, if all of its parameters are to have the same; otherwise add longer keys
for the exempted ones (`backbone.bn1: {lr_mult: 0.1, decay_mult: 0.0}`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.hits import Hits
from pgaudit.checks.pg002 import named
from pgaudit.checks.what_if import without
from pgaudit.core.findings import Finding
from pgaudit.core.setting import Provenance
from pgaudit.text import counted, quoted

KIND = Kind("PG004", "custom-key-drops-decay-rule", "warning")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each key that raises the weight decay without naming it."""
    for hits in audited.hits:
        rule = hits.rule
        if rule.provenance.key is None or "weight_decay" in rule.states or not hits.decided:
            continue
        dropped = _dropped(audited, hits)
        if dropped:
            yield _finding(audited, hits, dropped)


def _dropped(audited: Audited, hits: Hits) -> dict[Provenance, list[int]]:
    """The parameters that had less weight decay without the key, by the rule that had exempted them."""
    found = audited.settings_if(hits.decided, config=without(audited.config, hits.rule.at))
    dropped: dict[Provenance, list[int]] = defaultdict(list)
    for index, (now, then) in found.items():
        rule = then.weight_decay_rule
        is_exempt = (then.weight_decay or 0) < (now.weight_decay or 0)
        if is_exempt and rule and not rule.is_base and rule.option != "frozen":
            dropped[rule].append(index)
    return dropped


def _finding(audited: Audited, hits: Hits, dropped: dict[Provenance, list[int]]) -> Finding:
    indices = sorted(index for members in dropped.values() for index in members)
    key = hits.rule.provenance.key or ""
    who = words.listed(f"{named(rule)}{f' {rule.location.mark}' if rule.location else ''}" for rule in dropped)
    kinds = dict.fromkeys(audited.inventory.parameters[index].module.short for index in indices)
    restored = audited.assignment.params[indices[0]].setting.weight_decay
    gets = f"{counted(len(indices), 'tensor')} {'gets' if len(indices) == 1 else 'get'}"
    message = (
        f"{quoted(key)} sets no decay_mult, so {gets} weight decay {restored:g} despite {who}: {words.listed(kinds)}"
    )
    hint = "add decay_mult to the key"
    if len(indices) < len(hits.decided):
        hint = "longer keys with both multipliers for these, or decay_mult in this key for all"
    return audited.finding(KIND, message, hint, at=hits.rule.at, key=key, indices=indices)
