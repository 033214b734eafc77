"""Outcomes of the gate → one HTML file: a verdict an audit, what failed first, each finding beside its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pgaudit.core.findings import Finding, severity_words
from pgaudit.gate import Outcome
from pgaudit.render.findings import folded_names
from pgaudit.render.gate.words import Verdict, counts, in_order, title, totals, verdict
from pgaudit.render.html.document import document
from pgaudit.render.html.facts import Card
from pgaudit.render.html.notices import NAMES, File, Notice, placed
from pgaudit.render.style import UNICODE
from pgaudit.text import counted, visible

_ORDER: tuple[Verdict, ...] = ("not checked", "failed", "passed")


class Account(NamedTuple):
    """What is said of one audit."""

    key: str
    """What its part of the page is called."""
    title: str
    verdict: Verdict
    counts: str
    failures: Sequence[Notice]
    others: Sequence[Notice]
    files: Sequence[File]
    notes: Sequence[str]

    @property
    def passed(self) -> bool:
        """Whether nothing of it failed."""
        return self.verdict == "passed"

    @property
    def says_more(self) -> bool:
        """Whether there is more to say of it than numbers."""
        return bool(self.failures or self.others or self.notes)


def render(outcomes: Sequence[Outcome]) -> str:
    """Returns the page: audits in their order, those that did not pass before all others."""
    accounts = [_account(f"audit-{place}", outcome) for place, outcome in enumerate(outcomes, 1)]
    return document(
        "check.html",
        styles=("pages",),
        app=(),
        title=f"check · {accounts[0].title if len(accounts) == 1 else counted(len(accounts), 'audit')}",
        about=[", ".join(totals(outcomes))],
        cards=[*_cards(outcomes)],
        accounts=sorted(accounts, key=lambda each: _ORDER.index(each.verdict)),
        marks={word: UNICODE.won if word == "passed" else UNICODE.left_out for word in _ORDER},
    )


def _cards(outcomes: Sequence[Outcome]) -> Iterator[Card]:
    found = Counter(map(verdict, outcomes))
    hold = f"{found['passed']:,} passed" if found["passed"] else "none holds"
    yield Card("audits", f"{len(outcomes):,}", hold, "#audits")
    for word in ("failed", "not checked"):
        if word == "failed" or found[word]:
            yield Card(word, f"{found[word]:,}", "audits", tone="error" if found[word] else "good")
    failures = sum(len(each.failures) for each in outcomes)
    yield Card("failures", f"{failures:,}", "findings", tone="error" if failures else "")
    others = severity_words([finding for outcome in outcomes for finding in outcome.others])
    yield Card("other findings", others[0] if others else "none", ", ".join(others[1:]))
    if ignored := sum(each.ignored for each in outcomes):
        yield Card("ignored", f"{ignored:,}", "findings")


def _account(key: str, outcome: Outcome) -> Account:
    audit = outcome.audit
    named = {*outcome.read, audit.config, audit.expect, audit.baseline, audit.lock}
    located = (each.location.path for each in outcome.findings if each.location is not None)
    paths = dict.fromkeys(path for path in located if path is not None and path in named)
    notices, files = placed(in_order(outcome), paths, part=key, names_of=_names)
    return Account(
        key,
        visible(title(audit)),
        verdict(outcome),
        f" {UNICODE.dot} ".join(counts(outcome)),
        [each for each in notices if outcome.fails(each.finding)],
        [each for each in notices if not outcome.fails(each.finding)],
        files,
        [visible(each) for each in outcome.notes],
    )


def _names(finding: Finding) -> Sequence[str]:
    """A message about one parameter names it."""
    return folded_names(finding.params, NAMES) if len(finding.params) > 1 else ()
