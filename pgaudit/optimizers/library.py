"""What the classes of torch and timm say: each question is put to the class itself, and the answer remembered under
just what was asked.

The key is the type as the config has it, the factory, the scope and the exact arguments; of groups, their settings and
the number of dimensions and the dtype of their tensors. Another lr is another question, which needs torch once. Only of
torch and timm it is known when they change, so of all other classes nothing is remembered. The memo is the cache, whose
key has the versions of both.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pgaudit import user_code
from pgaudit.core.findings import Fix
from pgaudit.optimizers import classes, construct
from pgaudit.optimizers.calls import OptimizerCall, call_of
from pgaudit.optimizers.classes import OptimizerError
from pgaudit.optimizers.exact import decoded, digest, encoded
from pgaudit.optimizers.groups import GroupValues, SampleGroup
from pgaudit.strict_json import text, texts
from pgaudit.user_code.imports import qualified_class

SECTIONS: Mapping[str, Callable[[Any], Any]] = {
    "answers": decoded,
    "modules": text,
    "lists": lambda value: list(texts(value)),
}
"""Of a memo, with what reads a value. ``answers``: by the digest of the question. ``modules``: the qualified name of a
class. ``lists``: all names of a kind.
"""


class Memo(Protocol):
    """JSON values by section and key."""

    def get(self, section: str, key: str) -> Any:
        """Returns what is remembered, as :data:`SECTIONS` reads it; None for nothing."""

    def learn(self, section: str, key: str, value: Any) -> None:
        """Remembers a value, if anything is."""


@dataclass(frozen=True)
class Answer:
    """How an optimizer is called, and what its class says to that."""

    call: OptimizerCall
    filled: Mapping[str, Any]
    """What it fills into a group without settings of its own."""
    read: frozenset[str]
    """The keys of a group that somebody looks for."""
    defaults: Mapping[str, Any]
    """Of its signature."""


@dataclass(frozen=True)
class Library:
    """torch and timm, with a memo of what they said."""

    memo: Memo | None = None

    def ask(
        self, name: str | type, arguments: Mapping[str, Any], factory: str | None = None, scope: str | None = None
    ) -> Answer:
        """Returns how an optimizer is called; for the arguments see :func:`pgaudit.optimizers.calls.call_of`.

        Raises:
            OptimizerError: there is no such class, or it refuses its arguments.
        """
        if self.memo is None or not isinstance(name, str) or (factory is None and ":" in name):
            return _asked(name, arguments, factory, scope)
        question = digest(["call", name, factory, scope, dict(arguments)])
        known = self._lookup(question)
        if known is not None:
            return _answer(known)
        names = None if factory or scope else self.memo.get("lists", "optimizers")
        if names is not None and name not in names:
            raise classes.unknown_optimizer(name, names)
        try:
            answer = _asked(name, arguments, factory, scope)
        except OptimizerError as error:
            if error.lasting:
                self._store(question, _refusal(error))
            elif factory is None:  # mostly a name of nobody's: the next one needs no torch
                self.memo.learn("lists", "optimizers", sorted(classes.library_classes()))
            raise
        if classes.is_library_class(answer.call.name):
            self._store(question, _plain(answer))
        return answer

    def try_groups(self, call: OptimizerCall, groups: Sequence[SampleGroup]) -> list[GroupValues]:
        """Returns what each group holds once the optimizer is built of them.

        Raises:
            OptimizerError: the class refuses them, which is not remembered: it may speak of a tensor's shape.
        """
        alike = [[group.settings, [(len(t.shape), t.dtype, t.leaf) for t in group.tensors]] for group in groups]
        of_library = classes.is_library_class(call.name)
        question = digest(["groups", call.name, dict(call.arguments), alike]) if of_library else None
        known = self._lookup(question)
        if known is None:
            known = [tuple(each) for each in construct.try_groups(call.kind, call.arguments, groups)]
            self._store(question, known)
        return [GroupValues(*each) for each in known]

    def qualified_class(self, ref: str) -> str:
        """See :func:`pgaudit.user_code.imports.qualified_class`."""
        found = None if self.memo is None else self.memo.get("modules", ref)
        if found is None:
            found = qualified_class(ref)
            if self.memo is not None and ref.partition(".")[0] in user_code.LIBRARIES:
                self.memo.learn("modules", ref, found)
        return str(found)

    def _lookup(self, question: str | None) -> Any:
        return None if self.memo is None or question is None else self.memo.get("answers", question)

    def _store(self, question: str | None, answer: Any) -> None:
        if self.memo is not None and question is not None:
            with contextlib.suppress(TypeError):  # a tensor, say, or a function
                self.memo.learn("answers", question, encoded(answer))


def _asked(name: str | type, arguments: Mapping[str, Any], factory: str | None, scope: str | None) -> Answer:
    """The answer of the class itself."""
    call = call_of(name, arguments, factory, scope)
    filled = construct.filled_in(call.kind, call.arguments)
    return Answer(call, filled, classes.looked_for(call.kind, filled), classes.argument_defaults(call.kind))


def _plain(answer: Answer) -> dict[str, Any]:
    call = answer.call
    called = {"class": call.name, "arguments": dict(call.arguments), "wrapper": call.wrapper}
    return called | {"filled": answer.filled, "read": sorted(answer.read), "defaults": answer.defaults}


def _refusal(error: OptimizerError) -> dict[str, Any]:
    (finding,) = error.findings
    hint = finding.hint if finding.fix is None else [finding.fix.old, finding.fix.new, finding.fix.sure]
    return {"refused": [finding.message, hint, error.argument]}


def _answer(plain: Mapping[str, Any]) -> Answer:
    """The answer that was remembered; raises OptimizerError where the class refused."""
    if "refused" in plain:
        message, hint, argument = plain["refused"]
        raise OptimizerError(message, Fix(*hint) if isinstance(hint, list) else hint, argument, lasting=True)
    call = OptimizerCall(plain["class"], plain["arguments"], plain["wrapper"])
    return Answer(call, plain["filled"], frozenset(plain["read"]), plain["defaults"])
