"""Norms that the constructor does not take for norms.

What: the libraries ask by class: OpenMMLab's, detectron2's and BaseCls' isinstance tests know batch, instance, group
and layer norm; transformers' knows layer norm alone. A norm of any other class (RmsNorm, GlobalResponseNorm, EvoNorm,
FilterResponseNorm, one's own) is none to them, and neither is torch's own RMSNorm. pgaudit finds such modules by
their classes: such a class, or a base of it, is named like a norm, and it owns vectors only.

In an optimizer that was built: all norms of one class have weight decay, and all of another have none.

Why it hurts: the config exempts norms from weight decay, and these stay decayed. 62 of timm's 1,371 models have some.

Example: `norm_decay_mult: 0.0` with a model of RmsNorm layers. In code, `isinstance(module, nn.LayerNorm)`, or a list
of classes such as fastai's.

How to fix it: a custom key for them (`norm: {decay_mult: 0.0}`), or a constructor that goes by the number of
dimensions; in code, `p.ndim < 2`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from pgaudit.checks import suggest, words
from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Audited, Kind
from pgaudit.checks.pg002 import named
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import ModuleType, Visit
from pgaudit.core.setting import Provenance
from pgaudit.models.walk.families import LAYER_NORM, NORM_LIKE, NORMS, families_of
from pgaudit.text import counted, visible

KIND = Kind("PG006", "unrecognised-norm", "warning")
_NORMS = frozenset({NORM_LIKE, *NORMS})


def check(audited: Audited, /) -> Iterator[Finding]:
    """Yields a finding for each class of norms that another weight decay was meant for."""
    inventory = audited.inventory
    unknown = [
        index
        for index, parameter in enumerate(inventory.parameters)
        if parameter.trainable
        and not parameter.module.families.isdisjoint(_NORMS)
        and LAYER_NORM not in parameter.module.bases  # those are what the others are compared with
    ]
    missed: dict[tuple[Provenance, str, float], list[int]] = defaultdict(list)
    for index, (now, then) in audited.settings_if(unknown, change=_LayerNorms()).items():
        rule = then.weight_decay_rule
        if rule and not rule.is_base and now.weight_decay is not None and then.weight_decay != now.weight_decay:
            missed[rule, inventory.parameters[index].module.short, now.weight_decay].append(index)
    for (rule, kind, decay), indices in missed.items():
        message = (
            f"{visible(kind)} is no norm to {words.constructor(audited)}, so {_keeps(len(indices), f'{decay:g}')} "
            f"despite {named(rule)}{words.which(audited, indices)}"
        )
        at = audited.rule_at(rule)
        hint = suggest.keys_for(audited, indices) or ("give these modules a rule of their own" if at else None)
        yield audited.finding(KIND, message, hint, at=at or (), key=kind, indices=indices)


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for each class of norms that is decayed, where the norms of another are not."""
    norms: dict[str, list[ParamAssignment]] = defaultdict(list)
    for row, parameter in audit.of_model:
        if row.group is not None and parameter.trainable and not parameter.module.families.isdisjoint(_NORMS):
            norms[parameter.module.short].append(row)
    exempt = [kind for kind, rows in norms.items() if not any(row.weight_decay for row in rows)]
    for kind, rows in norms.items():
        if exempt and all(row.weight_decay for row in rows):
            decays = sorted({row.weight_decay or 0.0 for row in rows})
            keeps = _keeps(len(rows), " and ".join(f"{decay:g}" for decay in decays))
            message = f"{visible(kind)} is a norm, and {keeps}, unlike {words.listed(exempt)}{words.which_rows(rows)}"
            yield audit.finding(KIND, message, "a rule on dimensions takes all norms: p.ndim < 2", key=kind, rows=rows)


def _keeps(count: int, decay: str) -> str:
    return f"{counted(count, 'tensor')} {'keeps' if count == 1 else 'keep'} weight decay {decay}"


class _LayerNorms:
    """The same parameters, were their modules of a subclass of torch's LayerNorm, which all libraries know."""

    def __init__(self) -> None:
        self._known: dict[int, ModuleType] = {}

    def __call__(self, visit: Visit) -> Visit:
        kind = visit.module
        if id(kind) not in self._known:
            bases = (*kind.bases, LAYER_NORM)
            self._known[id(kind)] = replace(kind, bases=bases, families=families_of(bases) | kind.families)
        return visit._replace(module=self._known[id(kind)])
