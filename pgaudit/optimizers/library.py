"""What torch and timm say about optimizers and classes: they themselves, or what is known of them already."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from pgaudit.optimizers.calls import About, ClassItself, OptimizerCall, call_of, library_class, qualified
from pgaudit.optimizers.classes import OptimizerError, library_classes, unknown_optimizer
from pgaudit.optimizers.groups import GroupValues, SampleGroup
from pgaudit.optimizers.read_knowledge import is_library_class
from pgaudit.optimizers.records import AS_GIVEN, Known, Record, form_of, known, resolved
from pgaudit.optimizers.traced_numbers import numbers_in
from pgaudit.user_code.imports import qualified_class

if TYPE_CHECKING:
    from torch.optim import Optimizer


class Knowledge(Protocol):
    """What is known, as JSON, by section and key.

    ``names``: the optimizer's class behind a name. ``classes``: the record of a class, see
    :mod:`pgaudit.optimizers.records`. ``timm``: what timm's factory calls. ``modules``: the qualified name of a class.
    """

    def get(self, section: str, key: str) -> Any:
        """Returns what is known; None for nothing."""

    def learn(self, section: str, key: str, value: Any) -> None:
        """Keeps what was not known, if it keeps anything."""


class Library(Protocol):
    """Answers about optimizers and classes."""

    def call_of(
        self, name: str | type, arguments: Mapping[str, Any], factory: str | None = None, scope: str | None = None
    ) -> OptimizerCall:
        """See :func:`pgaudit.optimizers.calls.call_of`."""

    def qualified_class(self, ref: str) -> str:
        """See :func:`pgaudit.user_code.imports.qualified_class`."""


class InstalledLibrary:
    """The libraries as they are installed."""

    def call_of(
        self, name: str | type, arguments: Mapping[str, Any], factory: str | None = None, scope: str | None = None
    ) -> OptimizerCall:
        """See :class:`Library`."""
        return call_of(name, arguments, factory, scope)

    def qualified_class(self, ref: str) -> str:
        """See :class:`Library`."""
        return qualified_class(ref)


@dataclass(frozen=True)
class RecordedLibrary:
    """What is known of the libraries. What is not, they are asked themselves."""

    knowledge: Knowledge

    def call_of(
        self, name: str | type, arguments: Mapping[str, Any], factory: str | None = None, scope: str | None = None
    ) -> OptimizerCall:
        """See :class:`Library`."""
        if not isinstance(name, str) or (factory is None and ":" in name):
            return call_of(name, arguments, factory, scope)
        if factory is not None:
            return self._by_factory(name, arguments, factory)
        known_as = self.knowledge.get("names", name)
        if known_as is not None:
            return OptimizerCall(RecordedClass(known_as, self.knowledge), arguments)
        classes = None if scope else self.knowledge.get("lists", "optimizers")
        if classes is not None and name not in classes:
            raise unknown_optimizer(name, classes)
        try:
            call = call_of(name, arguments, factory, scope)
        except OptimizerError:
            self.knowledge.learn("lists", "optimizers", sorted(library_classes()))  # the next typo needs no torch
            raise
        if not is_library_class(qualified(call.kind)):
            return call
        self.knowledge.learn("names", name, qualified(call.kind))
        return OptimizerCall(RecordedClass(qualified(call.kind), self.knowledge), arguments)

    def _by_factory(self, name: str, arguments: Mapping[str, Any], factory: str) -> OptimizerCall:
        forms = forms_of(arguments)
        key = None if forms is None else f"{name.lower()} {forms}"
        entry: Any = None if key is None else self.knowledge.get(factory, key)
        if entry is None:
            call = call_of(name, arguments, factory)
            if not is_library_class(qualified(call.kind)):
                return call
            if key is not None:
                from pgaudit.optimizers.recording import record_call

                entry = record_call(name, arguments, factory)
            if entry is None:
                return OptimizerCall(RecordedClass(qualified(call.kind), self.knowledge), call.arguments, call.wrapper)
            self.knowledge.learn(factory, str(key), entry)
        numbers = {at: number for arg, value in arguments.items() for at, number in numbers_in(arg, value).items()}
        known_as, fills, wrapper = entry
        given = {arg: arguments[arg] if ref == AS_GIVEN else resolved(ref, numbers) for arg, ref in fills}
        return OptimizerCall(RecordedClass(known_as, self.knowledge), given, wrapper)

    def qualified_class(self, ref: str) -> str:
        """See :class:`Library`."""
        found = self.knowledge.get("modules", ref)
        if found is None:
            found = qualified_class(ref)
            if ref.startswith(LIBRARIES):
                self.knowledge.learn("modules", ref, found)
        return str(found)


LIBRARIES = ("torch.", "timm.")
"""Only of these it is known when they change."""


def forms_of(arguments: Mapping[str, Any]) -> str | None:
    """Returns what stands for arguments, whatever the numbers in them; None where that cannot be told."""
    forms = {arg: form_of(value) for arg, value in sorted(arguments.items())}
    return None if None in forms.values() else json.dumps(forms, separators=(",", ":"))


@dataclass(frozen=True)
class RecordedClass:
    """A class of torch or timm of which something is known; where that does not suffice, it is asked itself."""

    name: str
    """As ``module:Class``."""
    knowledge: Knowledge

    @cached_property
    def kind(self) -> type[Optimizer]:
        """See :class:`pgaudit.optimizers.calls.About`."""
        return library_class(self.name)

    @cached_property
    def _record(self) -> Record | None:
        found: Record | None = self.knowledge.get("classes", self.name)
        if found is None:
            from pgaudit.optimizers.recording import record_of

            found = record_of(self.kind)
            self.knowledge.learn("classes", self.name, found or {})
        return found or None

    def argument_defaults(self) -> dict[str, Any]:
        """See :class:`pgaudit.optimizers.calls.About`."""
        from pgaudit.optimizers.encoding import decoded

        if self._record is None:
            return self._itself.argument_defaults()
        return {name: decoded(value) for name, value in self._record["arguments"].items()}

    def filled_in(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """See :class:`pgaudit.optimizers.calls.About`."""
        found = self._known(arguments)
        return self._itself.filled_in(arguments) if found is None else dict(found.filled_in)

    def looked_for(self, filled: Mapping[str, Any]) -> frozenset[str]:
        """See :class:`pgaudit.optimizers.calls.About`."""
        if self._record is None:
            return self._itself.looked_for(filled)
        return frozenset({*filled, *self._record["words"]})

    def try_groups(self, arguments: Mapping[str, Any], groups: Sequence[SampleGroup]) -> list[GroupValues]:
        """See :class:`pgaudit.optimizers.calls.About`."""
        found = self._known(arguments)
        built = None if found is None else found.tried(groups)
        return self._itself.try_groups(arguments, groups) if built is None else built

    @property
    def _itself(self) -> About:
        return ClassItself(self.kind)

    def _known(self, arguments: Mapping[str, Any]) -> Known | None:
        record = self._record
        if record is None:
            return None
        found = known(record, arguments)
        if found is None:
            from pgaudit.optimizers.recording import record as recorded

            if recorded(self.kind, record, arguments):
                self.knowledge.learn("classes", self.name, record)
                found = known(record, arguments)
        return found


INSTALLED: Library = InstalledLibrary()
