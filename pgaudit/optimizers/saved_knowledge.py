"""What is known of the libraries, as a saved inventory holds it: see :class:`pgaudit.optimizers.library.Knowledge`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pgaudit.optimizers.records import AS_GIVEN


@dataclass(frozen=True)
class SavedKnowledge:
    """Knowledge that was written down once."""

    written: Mapping[str, Any]
    """As :func:`pgaudit.optimizers.exploring.explored` returns it."""

    def get(self, section: str, key: str) -> Any:
        """See :class:`pgaudit.optimizers.library.Knowledge`."""
        return self._sections.get(section, {}).get(key)

    def learn(self, section: str, key: str, value: Any) -> None:
        """Does nothing: a saved inventory is not written to."""

    @cached_property
    def _sections(self) -> Mapping[str, Mapping[str, Any]]:
        written = self.written
        classes = {ref: record for ref, record in written.items() if ":" in ref and not ref.startswith("timm ")}
        common = written.get("words", [])
        return {
            "names": written.get("names", {}),
            "classes": {ref: {**record, "words": [*record["words"], *common]} for ref, record in classes.items()},
            "timm": dict(_calls(written)),
            "modules": dict(_modules(written.get("modules", {}))),
        }


def _calls(written: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """A call is written once for all names for which it comes to the same."""
    for entry, calls in written.items():
        of, _, forms = entry.partition(" ")
        for order, place, names in calls if forms else ():
            added = dict(written[of]["constants"][place])
            fills = [[arg, added.get(arg, AS_GIVEN)] for arg in order]
            for name in names.split():
                yield f"{name} {forms}", [written[of]["names"][name], fills, None]


def _modules(modules: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, str]]:
    """Classes that a package exports, by the module that defines them."""
    for package, homes in modules.items():
        for home, names in homes.items():
            for name in names.split():
                yield f"{package}.{name}", f"{home}.{name}"
