"""Why a parameter gets what it gets: every rule that was tried for it, and the arithmetic of the one that won."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgaudit.constructors import constructor_named
from pgaudit.constructors.basic import occurrence_of
from pgaudit.constructors.evaluation import Computation, Decided, Occurrence, RuleEvaluation
from pgaudit.core.assignment import ParamAssignment
from pgaudit.core.errors import UsageError
from pgaudit.core.setting import Provenance
from pgaudit.report import Report
from pgaudit.text import quoted, visible


@dataclass(frozen=True)
class ExplainedValue:
    """One value and how it came about."""

    of: Decided
    rule: Provenance
    product: Computation
    value: float | None
    """What the group holds, or what a schedule makes of it: the product, unless the optimizer's class changes it."""

    @property
    def changed_by_class(self) -> bool:
        """Whether the optimizer's class holds something else than the constructor gave it."""
        return self.value != self.product.result


@dataclass(frozen=True)
class Explanation:
    """All that was tried for one parameter."""

    row: ParamAssignment
    occurrences: tuple[Occurrence, ...]
    """One for each name under which the constructor meets it; empty where it never does."""

    @property
    def results(self) -> tuple[ExplainedValue, ...]:
        """The lr, what a schedule makes of it where the group has an lr_scale, and the weight decay, by the first
        occurrence, which decides; empty for a parameter in no group.
        """
        if not self.occurrences or not self.row.in_optimizer:
            return ()
        deciding = [(tried, product) for tried in self.occurrences[0].evaluations for product in tried.products]
        found = {product.of: (tried.rule, product) for tried, product in deciding if product.of in tried.decides}
        setting = self.row.setting
        values: dict[Decided, float | None] = {"lr": setting.lr}
        if setting.lr_scale is not None and setting.lr_rule is not None:
            values["scheduled_lr"] = setting.peak_lr
            product = Computation("scheduled_lr", setting.peak_lr, setting.lr, setting.lr_scale)
            found.setdefault("scheduled_lr", (setting.lr_rule, product))
        values["weight_decay"] = setting.weight_decay
        # Nothing may say what decided a value that was read from a file.
        return tuple(ExplainedValue(of, *found[of], value) for of, value in values.items() if of in found)

    @property
    def likeness(self) -> tuple[object, ...]:
        """What explanations that read alike have in common: the same rules tried with the same outcome."""
        return (
            *((result.rule.name, result.value) for result in self.results),
            self.row.setting.effect,
            self.row.param.trainable,
            tuple(
                (occurrence.note is None, tuple(map(_outcome, occurrence.evaluations)))
                for occurrence in self.occurrences
            ),
        )


def _outcome(tried: RuleEvaluation) -> tuple[object, ...]:
    return (
        tried.rule.name,
        tried.matched,
        tried.decides,
        tried.beaten_by and tried.beaten_by.name,
    )


def explain(report: Report, name: str) -> Explanation:
    """Explains one parameter of a report.

    Args:
        report: from :func:`pgaudit.audit`.
        name: a parameter's first name or an alias.

    Raises:
        UsageError: the model has no parameter of that name.
    """
    (explanation,) = explanations(report, [_row(report, name)])
    return explanation


def _row(report: Report, name: str) -> ParamAssignment:
    if name not in report:
        raise UsageError(f"no parameter is called {visible(name)}", _nearest(report, name))
    return report[name]


def explanations(report: Report, rows: Sequence[ParamAssignment]) -> list[Explanation]:
    """Explains several parameters."""
    if report.basis is None:
        return [Explanation(row, (occurrence_of(row.name, row.setting),) if row.setting.rules else ()) for row in rows]
    constructor = constructor_named(report.config.constructor)
    wanted = {row.name for row in rows}
    index_of = {row.name: index for index, row in enumerate(report.params) if row.name in wanted}
    found = []
    for row in rows:
        occurrences = constructor.evaluations(report.inventory, report.config, report.defaults, index_of[row.name])
        # What no rule leaves out, and is in no group all the same, is never met.
        is_met = row.in_optimizer or row.setting.lr_rule is not None
        found.append(Explanation(row, tuple(occurrences) if is_met else ()))
    return found


def matching(report: Report, pattern: str) -> list[ParamAssignment]:
    """Returns the parameters that a name, an alias, a module's name or a glob means.

    Raises:
        UsageError: there is none.
    """
    found = report.names.matching(pattern, below=True)
    rows = report.called(found)
    if not rows:
        raise UsageError(f"no parameter is called {visible(pattern) or quoted(pattern)}", _nearest(report, pattern))
    return rows


def _nearest(report: Report, name: str) -> str:
    return report.names.hint(name) or "a whole name, such as layer4.1.conv1.weight, or a glob"
