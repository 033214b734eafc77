"""A rule that would match, if the names had no wrapper's prefix.

What: the rule matches no parameter, and would match some without what a wrapper puts into their names: `module.`
(DataParallel, DDP), `_orig_mod.` (torch.compile), `_fsdp_wrapped_module.`, `_checkpoint_wrapped_module.`,
`base_model.model.` (peft), `parametrizations.weight.original`. Globs and anchored expressions are held against whole
names; a part of a name, too, misses where a prefix stands within it.

Why it hurts: the same config works until the model is wrapped. Then nothing matches, the library says nothing, and all
that the rule was about trains at the base values.

Example: `head.*` for a model under `torch.compile`, whose names begin with `_orig_mod.`. accelerate (PR 3560) takes
that prefix off before it compares names. In DeiT (issue 39) an optimizer that was built from the wrapped model lost its
exempt parameters.

How to fix it: build the optimizer from the model inside the wrapper, or before it is wrapped; or begin the rule with
what the hint says.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgaudit.checks import words
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.hits import Hits
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import Visit
from pgaudit.models.plain_names import plain_visit_name
from pgaudit.text import counted, quoted, visible

KIND = Kind("PG029", "wrapper-prefix", "error")


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each rule that the wrappers' prefixes keep from matching."""
    for hits in audited.hits:
        if missed := unwrapped(audited, hits):
            indices = tuple(dict.fromkeys(visit.index for visit in missed))
            key = hits.rule.provenance.key
            prefixes = dict.fromkeys(part for visit in missed for part in _prefixes(visit))
            without = words.listed(f'"{part}"' for part in prefixes)
            message = (
                f"{quoted(key)} matches no parameter, and would match {counted(len(indices), 'tensor')} without "
                f"{without} in the names{words.which(audited, indices)}"
            )
            hint = f"the model is wrapped: the first of them is called {visible(missed[0].name)}"
            yield audited.finding(KIND, message, hint, at=hits.rule.at, key=key, indices=indices)


def unwrapped(audited: Audited, hits: Hits) -> tuple[Visit, ...]:
    """Returns the occurrences that a rule without any match would match, had they the names that they have without
    wrappers.
    """
    rule = hits.rule
    if rule.provenance.key is None or rule.spans is None or hits.matched:
        return ()
    plain = ((visit, _renamed(visit)) for visit in audited.inventory.visits)
    matches = partial(_matches, audited, hits)
    return tuple(visit for visit, renamed in plain if renamed is not None and matches(renamed))


def _matches(audited: Audited, hits: Hits, visit: Visit) -> bool:
    return bool(hits.rule.matches(visit, audited.chains.text(visit)))


def _renamed(visit: Visit) -> Visit | None:
    """The occurrence under its name without wrappers; None where it is the same."""
    plain = plain_visit_name(visit)
    if plain == visit.name:
        return None
    prefix, _, own = plain.rpartition(".")
    return visit._replace(prefix=prefix, own=own)


def _prefixes(visit: Visit) -> Iterator[str]:
    """The parts of a name that are a wrapper's."""
    left, parts = plain_visit_name(visit).split("."), visit.name.split(".")
    for place, part in enumerate(parts, start=1):
        if left and part == left[0]:
            left.pop(0)
        else:
            yield f"{part}." if place < len(parts) else part
