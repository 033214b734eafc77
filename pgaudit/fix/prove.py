"""The fixes of a config's findings, one after another, each held against what the fixed text is found to be.

A fix is safe if nothing else can be meant by the word that it replaces, and it is proved: the fixed text is audited
again, the finding is gone, and none as grave or graver has come. What else makes a finding vanish is unsafe. What
leaves it, or makes a config that was audited one that cannot be, is no fix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pgaudit.core.findings import Finding, gravity
from pgaudit.core.location import location_order
from pgaudit.fix.edit import edited

Judge = Callable[[bytes], Sequence[Finding]]
"""Bytes of a config → all that is found in it, errors that end its audit included."""

_MOST = 100
"""Words of a config that are replaced."""


@dataclass(frozen=True)
class Fixed:
    """What came of a config's fixes."""

    path: str
    before: bytes
    after: bytes
    applied: tuple[Finding, ...]
    """What was fixed, each in its place at that time."""
    safe: int = 0
    """How many of those are proved."""
    unsafe: tuple[Finding, ...] = ()
    """What could be fixed besides, unproved."""
    elsewhere: tuple[Finding, ...] = ()
    """What has a fix in another file."""
    left: tuple[Finding, ...] = ()
    """All that is found in the text as it is now."""


@dataclass(frozen=True)
class _Text:
    data: bytes
    found: Sequence[Finding]
    applied: tuple[Finding, ...] = ()
    alone: bool = True
    """Whether each word that was replaced stands for one place."""


def fixed(path: str, data: bytes, judge: Judge, *, unsafe: bool = False) -> Fixed:
    """Returns a config with its fixes in it.

    Args:
        path: the config's file, as its findings name it.
        data: what the file holds.
        judge: says what is found in a text that takes its place.
        unsafe: whether unsafe fixes are wanted, too.
    """
    proof = _Proof(path, judge)
    text, refused, safe = _Text(data, judge(data)), dict[_Key, bool](), 0
    while len(text.applied) < _MOST:
        candidate = next((each for each in proof.candidates(text) if _key(each) not in refused), None)
        if candidate is None:
            break
        if proved := proof.proved(text, candidate):
            safe += len(proved.applied) - len(text.applied)
            text = proved
        else:
            refused[_key(candidate)] = proof.tried(text, candidate) is not None
    while unsafe and len(text.applied) < _MOST:
        tries = (proof.tried(text, each) for each in proof.candidates(text) if refused.get(_key(each), True))
        changed = next(filter(None, tries), None)
        if changed is None:
            break
        text, refused = changed, {}  # what it kept from being mended may be mended now
    left = [] if unsafe else [each for each in proof.candidates(text) if refused.get(_key(each))]
    others = tuple(each for each in text.found if each.fix and each.location and not each.is_fixable_in(path))
    return Fixed(path, data, text.data, text.applied, safe, tuple(left), others, tuple(text.found))


_Key = tuple[object, ...]


def _key(of: Finding) -> _Key:
    """What a finding is known by in another text: lines stay where they are."""
    at = of.location
    return of.code, of.key, at and (at.path, at.line), of.message if of.stops else of.name


def _gravity(of: Finding) -> int:
    """What ends an audit is graver than anything that is found in one."""
    return gravity("never") if of.stops else gravity(of.severity)


@dataclass(frozen=True)
class _Proof:
    path: str
    judge: Judge

    def candidates(self, text: _Text) -> list[Finding]:
        """The findings of a text that have a fix in it, in its order."""
        here = [each for each in text.found if each.is_fixable_in(self.path)]
        return sorted(here, key=lambda each: location_order(each.location))

    def tried(self, text: _Text, finding: Finding) -> _Text | None:
        """Returns the text with a fix in it; None if the finding stays, or what could be audited no longer can."""
        edit = edited(text.data, finding.location, finding.fix) if finding.location and finding.fix else None
        if edit is None:
            return None
        found = self.judge(edit.data)
        if not _is_gone(finding, text.found, found):
            return None
        if any(each.stops for each in found) and not any(each.stops for each in text.found):
            return None
        return _Text(edit.data, found, (*text.applied, finding), text.alone and edit.alone)

    def proved(self, text: _Text, finding: Finding) -> _Text | None:
        """Returns the same where the fix is safe; if another error takes the place of the one that ended the audit,
        that is fixed, too.
        """
        if finding.fix is None or not finding.fix.sure:
            return None
        after = self.tried(replace(text, alone=True), finding)
        for _ in range(_MOST):
            if after is None or not after.alone:
                return None
            worse = [each for each in _new(text, after) if _gravity(each) >= _gravity(finding)]
            if not worse:
                return after if _is_gone(finding, text.found, after.found) else None
            following = next((each for each in self.candidates(after) if each in worse and each.stops), None)
            sure = following is not None and following.fix is not None and following.fix.sure
            after = self.tried(after, following) if following and sure else None
        return None


def _is_gone(finding: Finding, before: Sequence[Finding], after: Sequence[Finding]) -> bool:
    """Whether a finding, or one just like it, is found less often than before."""
    now, then = (sum(_key(each) == _key(finding) for each in found) for found in (after, before))
    return now < then


def _new(before: _Text, after: _Text) -> Iterator[Finding]:
    """What is found in one text, and was not in another."""
    known = Counter(map(_key, before.found))
    for finding in after.found:
        known[_key(finding)] -= 1
        if known[_key(finding)] < 0:
            yield finding
