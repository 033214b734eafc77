"""Words of ours that stand where nothing reads them: options at a place where the config's library does not look, and
near misses of the keys that are read. All other keys of a training config are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pgaudit.config.layouts import BASES, OWN, SCHEDULES, SECTIONS, SOLVERS
from pgaudit.config.schedules import training_words
from pgaudit.constructors.registry import option_names
from pgaudit.core.config import Misplaced
from pgaudit.core.layout import Layout
from pgaudit.text import is_slip, nearest

_ORDINARY = frozenset("num_layers decay_rate base_lr weight_decay schedule mode".split())
"""Options whose names are also those of ordinary keys of a training config."""

_AMBIGUOUS = frozenset("decay_type overrides fallback_list params rules unmatched".split())
"""The same, which can only be options where the config's constructor reads them."""


def is_option(key: object) -> bool:
    """Returns whether it is an option of some constructor, by a name that means nothing else."""
    return key in option_names() and key not in _ORDINARY and key not in _AMBIGUOUS


PLACED = frozenset({"optimizer", "paramwise_cfg", "constructor"})
"""What stands in a section of the library's, or at the top."""

_LIKE_PARAMWISE = re.compile(r"param_?wise(_?(cfg|config|options?|opts|settings))?s?", re.IGNORECASE)


def split(top: Mapping[Any, Any], constructor: str | None = None) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Sorts the top of a config into what is read, or was probably meant to be, and the rest of a training config.

    Keys that are no words count to the former, so that they are complained of.

    Args:
        top: keys, with their values or outlines.
        constructor: what takes the place of the one that the config names.
    """
    words = training_words(top, constructor)
    rest = {
        key: value
        for key, value in top.items()
        if isinstance(key, str) and key not in words and not _concerns_us(key, value)
    }
    return {key: value for key, value in top.items() if key not in rest}, rest


def _concerns_us(key: str, value: Any) -> bool:
    if key == "model" and isinstance(value, Mapping):
        return False  # the library's own model section
    return key in (*OWN, *BASES, *SCHEDULES) or is_option(key) or meant(key) is not None


def meant(key: str) -> str | None:
    """Returns the top-level key that this one is a slip of; None where it is another word.

    ``optimzer`` and ``paramwise_cgf`` are slips; ``optimizers``, ``optimize``, ``models`` and ``mode`` are words.
    """
    if key in OWN or is_option(key):
        return None
    if _LIKE_PARAMWISE.fullmatch(key):
        return "paramwise_cfg"
    near = nearest(key, ("paramwise_cfg", "optim_wrapper"), cutoff=0.84)
    slips = (own for own in OWN if key.isupper() == own.isupper() and is_slip(key, own))
    return next(slips, near[0] if near else None)


def is_misplaced(key: object, layout: Layout) -> bool:
    """Returns whether it is a known option that, at the top of such a config, nothing reads."""
    section = SECTIONS.get(layout.name)
    if key == "constructor" and layout.name in SOLVERS:
        return False  # pgaudit's own key, where the library has none of that name
    return (key not in OWN and is_option(key)) or (section is not None and key in PLACED and key != section)


def misplaced(
    top: Mapping[str, Any], rest: Mapping[str, Any], layout: Layout, reads: Collection[str]
) -> Iterator[Misplaced]:
    """Yields the known options that stand where the config's library does not look.

    What a config has once more where the library looks is a variable, or an anchor, that is taken up there.

    Args:
        top: the keys that are read.
        rest: the other keys of the training config.
        layout: whose layout the config has.
        reads: the options that the constructor at work reads.
    """
    yield from _at_top(top, layout)
    if layout.name == "pgaudit" and "constructor" in top:
        for option in rest:
            if option in _AMBIGUOUS and option in reads:
                yield Misplaced(option, (option,), "pgaudit looks in `paramwise_cfg`", "move it into `paramwise_cfg`")
    if layout.name == "mmengine" and isinstance(layout.written, Mapping):
        for option in layout.written:
            if option not in PLACED and (is_option(option) or meant(str(option)) == "paramwise_cfg"):
                place = "`optim_wrapper.paramwise_cfg`"
                yield Misplaced(
                    str(option), ("optim_wrapper", option), f"mmengine looks in {place}", f"move it into {place}"
                )


def _at_top(top: Mapping[str, Any], layout: Layout) -> Iterator[Misplaced]:
    section = SECTIONS.get(layout.name)
    for option, value in top.items():
        if not is_misplaced(option, layout) or (section and _taken_up(option, value, top.get(section))):
            continue
        solver = layout.name in SOLVERS
        parts = [section, "paramwise_cfg" if is_option(option) and not solver else None]
        place = f"`{'.'.join(filter(None, parts))}`"
        library = _LIBRARIES.get(layout.name, layout.name)
        whose = f"`{layout.sign}` makes this a config of {library}, which" if layout.sign else library
        why = f"{whose} looks in {place}"
        sister = "mmcv 1.x" if option == "optimizer" else "OpenMMLab" if solver and option == "paramwise_cfg" else None
        hint = f"say it in {place}, in its words" if solver else f"move it into {place}"
        yield Misplaced(option, (option,), why, hint, sister)


_LIBRARIES = {"mmcv": "mmcv 1.x", "basecls": "BaseCls"}


def taken_up_as(key: str, value: Any, top: Mapping[str, Any]) -> bool:
    """Returns whether a near miss is a variable whose value stands under the key that is read."""
    own = meant(key)
    return own is not None and any(_taken_up(own, value, {name: top[name]}) for name in OWN if name in top)


def _taken_up(option: str, value: Any, section: Any) -> bool:
    if isinstance(section, (list, tuple)):
        return any(_taken_up(option, value, item) for item in section)
    if not isinstance(section, Mapping):
        return False
    if option in section and _holds(section[option], value):
        return True
    return any(_taken_up(option, value, item) for item in section.values())


def _holds(whole: Any, part: Any) -> bool:
    if isinstance(whole, Mapping) and isinstance(part, Mapping):
        return all(key in whole and _holds(whole[key], value) for key, value in part.items())
    return bool(whole == part)
