"""Whether a rule is about a parameter, by its name, its module's class and its dimensions."""

from __future__ import annotations

from collections.abc import Callable

from pgaudit.constructors.base import OptimizerDefaults
from pgaudit.constructors.native.selectors import NORM, Conditions, Match
from pgaudit.core.parameters import ModuleType, Visit
from pgaudit.models.walk.families import NORMS
from pgaudit.names import Globs
from pgaudit.text import counted, visible

_RMS_NORM = "torch.nn.modules.normalization.RMSNorm"


def class_path(ref: str) -> str:
    """Returns the import path of a class; a bare name is one of ``torch.nn``."""
    return ref if "." in ref or ":" in ref else f"torch.nn.{ref}"


def is_norm(module: ModuleType) -> bool:
    """Whether a module is of one of torch's own norms: batch, instance, group, layer or RMS norm."""
    return not NORMS.isdisjoint(module.families) or _RMS_NORM in module.bases


Named = Callable[[str], object]
"""Says of a name whether it matches."""


class Selector:
    """One rule's match, with the classes that it names resolved."""

    def __init__(self, match: Match, defaults: OptimizerDefaults) -> None:
        self._alternatives = [_Alternative(conditions, defaults) for conditions in match.alternatives]

    def by_kind(self, module: ModuleType, ndim: int) -> Named | None:
        """Returns what names are asked for, of parameters of so many dimensions in modules of a class; None if none can
        match.
        """
        asked = [each.named for each in self._alternatives if each.takes(module, ndim)]
        return _any_of(asked) if asked else None

    def matches(self, visit: Visit, name: str) -> bool:
        """Whether the rule is about an occurrence with a parameter."""
        named = self.by_kind(visit.module, visit.ndim)
        return named is not None and bool(named(name))

    def says(self, name: str, module: ModuleType, ndim: int) -> str:
        """Returns why it matches or does not, in words."""
        for alternative in self._alternatives:
            if alternative.takes(module, ndim) and alternative.named(name):
                return " and ".join(alternative.described(name, module, ndim))
        reasons = (alternative.described(name, module, ndim, held=False)[0] for alternative in self._alternatives)
        return "; ".join(dict.fromkeys(reasons))


class _Alternative:
    def __init__(self, conditions: Conditions, defaults: OptimizerDefaults) -> None:
        texts: list[Named] = []
        if conditions.names is not None:
            texts.append(Globs(conditions.names, defaults.named).matches)
        if conditions.regexes is not None:
            texts.append(_any_of([each.fullmatch for each in conditions.regexes]))
        self._asks_names = bool(texts)
        self.named: Named = texts[0] if len(texts) == 1 else lambda name: all(text(name) for text in texts)
        self._ndims = conditions.ndims
        self._norms = NORM in (conditions.types or ())
        self._typed = conditions.types is not None
        paths = (class_path(ref) for ref in conditions.types or () if ref != NORM)
        self._bases = frozenset(defaults.classes.get(path, path) for path in paths)

    def takes(self, module: ModuleType, ndim: int) -> bool:
        """Whether all conditions hold but those on names."""
        return (self._ndims is None or ndim in self._ndims) and (not self._typed or self._is_of_type(module))

    def _is_of_type(self, module: ModuleType) -> bool:
        return (self._norms and is_norm(module)) or not self._bases.isdisjoint(module.bases)

    def described(self, name: str, module: ModuleType, ndim: int, *, held: bool = True) -> list[str]:
        """Returns the conditions that hold, or those that do not."""
        found = []
        if self._asks_names and bool(self.named(name)) == held:
            found.append(f"the name {'matches' if held else 'does not match'}")
        if self._typed and self._is_of_type(module) == held:
            found.append(f"{visible(module.short)} {'is' if held else 'is not'} of the type")
        if self._ndims is not None and (ndim in self._ndims) == held:
            found.append(f"it has {counted(ndim, 'dimension')}")
        return found


def _any_of(asked: list[Named]) -> Named:
    return asked[0] if len(asked) == 1 else lambda name: any(each(name) for each in asked)
