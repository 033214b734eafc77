"""What a person wants to know of a thousand results: which are alike, which are worst, and how many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from pgaudit.checks import DOCUMENTED
from pgaudit.core.findings import Finding, Severity, gravity
from pgaudit.render.choices import SweepSort
from pgaudit.sweep.records import CodeCount, SweepResult

SHOWN = 30
"""Models that a table shows of each config, unless it is to show all."""

REMARKED = 3
"""Of models alike of which there are only infos, unless a table is to show all."""


NAMED = 6
"""Models that are named of those that failed for one reason, unless a table is to show all."""


@dataclass(frozen=True, slots=True)
class View:
    """What a table shows."""

    configs: tuple[str, ...]
    sort: SweepSort = "gravity"
    every: bool = False
    options: str = ""
    """What else decides the results, as it is typed."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Models of which the same is said: findings of the same codes, of which the worst is about the same line."""

    results: tuple[SweepResult, ...]
    """The worst first."""
    shown: int

    @property
    def hidden(self) -> int:
        """How many of them are only counted."""
        return len(self.results) - self.shown


@dataclass(frozen=True, slots=True)
class Total:
    """All findings of one code."""

    code: str
    severity: Severity
    models: int
    findings: int
    parameters: int

    @property
    def name(self) -> str:
        """The code's name; empty for a code of another version."""
        module = DOCUMENTED.get(self.code)
        return str(module.KIND.name) if module else ""


@dataclass(frozen=True, slots=True)
class ConfigSection:
    """What is said of one config."""

    config: str
    models: int
    gravest: Mapping[Severity | None, int]
    """How many audited models there are of each severity of their gravest finding; None for no finding."""
    failed: int
    """Models that could not be audited."""
    everywhere: tuple[CodeCount, ...]
    """What is found in every model in the same words."""
    rest: tuple[SweepResult, ...]
    """All audited models, without what is found in every one."""
    groups: tuple[Alike, ...]
    """The models of ``rest`` that have findings."""
    unseen: int
    """How many of them are in no group that is shown."""
    totals: tuple[Total, ...]

    @property
    def clean(self) -> int:
        """Models without findings."""
        return self.gravest.get(None, 0)


@dataclass(frozen=True, slots=True)
class Failure:
    """One reason why models could not be audited."""

    error: Finding
    models: tuple[str, ...]
    named: tuple[str, ...]
    """Those of the models that are named; the others are only counted."""


def section(config: str, results: Iterable[SweepResult], view: View) -> ConfigSection:
    """Returns what is said of one config, from the results of a whole sweep."""
    own = [result for result in results if result.config == config]
    audited = [result for result in own if not result.errors]
    gravest = Counter(result.severity for result in audited)
    everywhere = _common(audited)
    rest = _without(audited, everywhere)
    groups, unseen = _alike(rest, every=view.every)
    failed = len(own) - len(audited)
    return ConfigSection(
        config, len(own), gravest, failed, everywhere, tuple(rest), tuple(groups), unseen, tuple(totals(audited))
    )


def failures(results: Iterable[SweepResult], view: View) -> list[Failure]:
    """Returns why models could not be audited, the most frequent reason first."""
    found: dict[Finding, dict[str, None]] = {}
    for result in results:
        for error in result.errors:
            found.setdefault(error, {})[result.model] = None
    named = None if view.every else NAMED
    reasons = [Failure(error, tuple(models), tuple(models)[:named]) for error, models in found.items()]
    return sorted(reasons, key=lambda reason: -len(reason.models))


def _alike(results: Iterable[SweepResult], *, every: bool) -> tuple[list[Alike], int]:
    """Returns those with findings in groups, the gravest and then the largest first, and how many are in no group that
    is shown.
    """
    groups: dict[object, list[SweepResult]] = {}
    for result in results:
        if result.gravest is not None:
            codes = tuple(found.code for found in result.findings)
            groups.setdefault((codes, result.gravest.code, result.gravest.worst.location), []).append(result)
    for members in groups.values():
        members.sort(key=lambda result: -result.gravest.worst_parameters if result.gravest else 0)
    ordered = sorted(groups.values(), key=lambda members: (-gravity(members[0].severity), -len(members)))
    sizes = [len(members) for members in ordered]
    wanted = [min(len(members), REMARKED) if members[0].severity == "info" else len(members) for members in ordered]
    shares = sizes if every else _shares(sizes, wanted)
    found = [Alike(tuple(members), share) for members, share in zip(ordered, shares, strict=False)]
    return found, sum(len(members) for members in ordered[len(found) :])


def _shares(sizes: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """How many of each group are shown: all that are wanted if they are few; or else of each as many as of any other. A
    single one is not left out.
    """
    shares = [1] * min(len(sizes), SHOWN)
    room = min(sum(wanted[: len(shares)]), SHOWN) - len(shares)
    while room > 0:
        for index, share in enumerate(shares):
            if share < wanted[index] and room > 0:
                shares[index] += 1
                room -= 1
    return [size if size == share + 1 else share for size, share in zip(sizes, shares, strict=False)]


def _common(results: Sequence[SweepResult]) -> tuple[CodeCount, ...]:
    """Returns what is found in every one of several models in the same words: it is about the config alone."""
    if len(results) < 2:
        return ()
    shared = set(results[0].findings)
    for result in results[1:]:
        shared.intersection_update(result.findings)
    return tuple(sorted(shared, key=lambda found: (*(-n for n in found.order), found.code)))


def _without(results: Iterable[SweepResult], known: Iterable[CodeCount]) -> list[SweepResult]:
    """Returns results without some of their findings."""
    left_out = set(known)
    return [
        replace(result, findings=tuple(found for found in result.findings if found not in left_out))
        for result in results
    ]


def totals(results: Iterable[SweepResult]) -> list[Total]:
    """Returns the findings of all results by code, the gravest first."""
    found: dict[str, Total] = {}
    for result in results:
        for each in result.findings:
            old = found.get(each.code) or Total(each.code, each.severity, 0, 0, 0)
            found[each.code] = Total(
                each.code,
                each.severity,
                old.models + 1,
                old.findings + each.findings,
                old.parameters + each.parameters,
            )
    return sorted(found.values(), key=lambda total: (-gravity(total.severity), total.code))


_KEYS: dict[SweepSort, Callable[[SweepResult], float]] = {
    "gravity": lambda result: -gravity(result.severity),
    "model": lambda result: 0,
    "tensors": lambda result: -result.parameters,
    "decayed": lambda result: -result.decayed / max(result.parameters, 1),
    "groups": lambda result: -result.groups,
}


def ordered(results: Iterable[SweepResult], sort: SweepSort) -> list[SweepResult]:
    """Returns results in an order, the most first; of equals, as they were."""
    return sorted(results, key=_KEYS[sort])
