"""What a key was probably meant to be, as far as the model's names tell. Nothing is proposed that does not match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pgaudit.constructors.rule import Rule
from pgaudit.core.findings import Fix, Hint, meant
from pgaudit.names import Names
from pgaudit.text import quoted

if TYPE_CHECKING:
    from pgaudit.checks.base import Audited

CLASSIFIERS = frozenset("fc head heads classifier cls_head linear last_linear head_fc".split())
"""What a model's last layer is usually called."""
_MOST = 4000
"""Names that are compared with a key; finding the nearest takes time."""
_NEAR = 0.75
"""How alike a name must be: `layer1` and `layers` are, `stem` and `stages` are not."""


def for_dead_key(audited: Audited, rule: Rule) -> Hint | None:
    """Returns a hint for a key or pattern that matches no name, or None."""
    key = rule.provenance.key or ""
    if rule.whole:
        return _for_dead_glob(audited, key)
    names = [audited.chains.text(visit).removeprefix(".") for visit in audited.inventory.visits]
    word = re.sub(r"^\^|^\.\*|\$$|\.\*$|\\(?=\.)", "", key) if rule.regex else key
    if word.startswith(".") and any(name.startswith(word[1:]) for name in names):
        return f"{quoted(word[1:])} stands at the root, where no dot comes before it"
    plain = word.strip(".")
    if plain.startswith("module.") and any(plain[7:] in name for name in names):
        return f"names begin inside `module` here: {quoted(plain[7:])}"
    if "." in plain and not any("." in name for name in names):
        return "it is compared with a parameter's own name, which stands behind the last dot"
    for name in _without_first_segments(plain):
        if any(f".{name}" in f".{full}" for full in names):
            return f"{quoted(name)} is here, but not below {quoted(plain[: -len(name) - 1])}"
    near = meant(plain, _runs(names, plain.count(".") + 1), cutoff=_NEAR)
    if near is None:
        return classifier(audited, plain)
    if rule.regex and ".*" in key and re.fullmatch(r"[\w.]+", near.new):  # probably written for whole names
        whole = (f"{near.new}.*", f".*{near.new}", f".*{near.new}.*")
        fits = (word for word in whole if any(re.fullmatch(word, name) for name in names))
        return Fix(key, next(fits, near.new), sure=False)
    corrected = key.replace(plain, near.new)
    finds = rule.regex or any(corrected in audited.chains.text(visit) for visit in audited.inventory.visits)
    return Fix(key, corrected, near.sure) if finds and key.count(plain) == 1 else Fix(key, near.new, sure=False)


def _for_dead_glob(audited: Audited, glob: str) -> Hint | None:
    """The same for what must match whole names: a glob that was meant as a part of them, or has a typo in a segment."""
    names = [visit.name for visit in audited.inventory.visits]
    known = Names(names)
    segments = glob.split(".")
    if any(mark in glob for mark in "{}[]?|,: "):
        return None
    wider = [f"{glob}.*", f"*.{glob}", f"*.{glob}.*", f"*{glob}*", glob.removeprefix("*.")]
    words = {segment for name in names[:_MOST] for segment in name.split(".")}
    near = {segment: meant(segment, words, cutoff=_NEAR) for segment in segments if "*" not in segment}
    typos = [found for found in near.values() if found and found.old != found.new]
    corrected = ".".join(found.new if (found := near.get(segment)) else segment for segment in segments)
    for other in (corrected, *wider, f"{corrected}.*", f"*.{corrected}", f"*.{corrected}.*"):
        if other != glob and known.matching(other):
            return Fix(glob, other, other == corrected and len(typos) == 1 and typos[0].sure)
    return classifier(audited, segments[0])


def classifier(audited: Audited, word: str) -> str | None:
    """Returns the model's own classifier for a word that usually means one."""
    plain = word.strip(".").rpartition(".")[2]
    names = [visit.name for visit in audited.inventory.visits]
    named = [c for c in audited.inventory.hints.classifier if c != plain and any(f"{c}." in name for name in names)]
    if plain in CLASSIFIERS and named:
        return f"did you mean {' or '.join(map(quoted, named))}? That is this model's classifier"
    return None


def keys_for(audited: Audited, wanted: Sequence[int], *, among: Iterable[int] = (), most: int = 3) -> str | None:
    """Returns a hint of keys that take away the weight decay of the wanted parameters, and of none but those and
    ``among``; None if it takes too many, or keys of the config would win over them.

    None of them begins with a dot: such a key stands in a name, or does not, whether it is searched as a part or as an
    expression, and whether or not a dot is set before names at the root.
    """
    names = [(visit.name, visit.index) for visit in audited.inventory.visits]
    left, allowed = dict.fromkeys(wanted), {*wanted, *among}
    keys: list[str] = []
    loses_lr = False
    while left:
        if len(keys) == most:
            return None
        for key in _parts(audited.inventory.parameters[next(iter(left))].name):
            found = {index for name, index in names if key in name}
            exact = found <= allowed and found == {i for name, i in names if re.search(key, name)}
            if exact and (exempt := _exempt(audited, key, found)) is not None:
                keys.append(exempt[0])
                loses_lr = loses_lr or exempt[1]
                left = {index: None for index in left if index not in found}
                break
        else:
            return None
    also = "; without lr_mult they get the base lr" if loses_lr else ""
    return f"name them: {', '.join(map(quoted, keys))}{also}" if keys else None


def _exempt(audited: Audited, part: str, indices: Iterable[int]) -> tuple[str, bool] | None:
    """What to write in order to take the weight decay from parameters, and whether that changes their lr as well; None
    if it leaves one decayed.
    """
    written = audited.constructor.exempting(audited.config, part)
    if written is None:
        return None
    word, config = written
    found = audited.settings_if(indices, config=config).values()
    if not found or any(then.weight_decay for _, then in found):
        return None
    return word, any((now.lr, now.peak_lr) != (then.lr, then.peak_lr) for now, then in found)


def _parts(name: str) -> Iterator[str]:
    """What of a name could be a key, most telling first: its segments from the last, then its ends, then all of it."""
    segments = name.split(".")
    if any(not segment.isidentifier() and not segment.isdigit() for segment in segments):
        return  # nothing to write into a config unescaped
    yield segments[-1]
    yield from (f"{segment}." for segment in reversed(segments[:-1]) if not segment.isdigit())
    ends = (".".join(segments[first:]) for first in range(len(segments) - 2, -1, -1))
    yield from (end for end in ends if not end[0].isdigit())


def take_back(audited: Audited, regions: Iterable[str], key: str, indices: Iterable[int]) -> str | None:
    """Returns a hint of longer keys that win over ``key`` for just these parameters, if there are any."""
    wanted = set(indices)
    longer = list(dict.fromkeys(regions))
    if len(longer) > 2 or any(len(region) <= len(key) for region in longer):  # asked first: there may be thousands
        return None
    names = [(visit.name, visit.index) for visit in audited.inventory.visits]
    if {index for name, index in names if any(region in name for region in longer)} != wanted:
        return None
    return f"a longer key would take these out: {', '.join(map(quoted, longer))}"


def _without_first_segments(plain: str) -> Iterable[str]:
    """The ends of a key; a bare number tells nothing."""
    segments = plain.split(".")
    ends = (".".join(segments[first:]) for first in range(1, len(segments)))
    return (end for end in ends if not end[:1].isdigit())


def _runs(names: Iterable[str], length: int) -> list[str]:
    """Returns every run of ``length`` segments of the names, in order."""
    runs: dict[str, None] = {}
    for name in names:
        segments = name.split(".")
        for first in range(len(segments) - length + 1):
            runs[".".join(segments[first : first + length])] = None
        if len(runs) > _MOST:
            break
    return list(runs)
