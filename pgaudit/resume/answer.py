"""What a resumed run would do, in plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from pgaudit.checks import pg037, pg038
from pgaudit.core.findings import Finding
from pgaudit.text import counted, visible

Verdict = Literal["ok", "overrides", "mismatch", "refused"]


@dataclass(frozen=True, slots=True)
class Override:
    """One value of a parameter that the checkpoint replaces."""

    param: str
    key: str
    """Of its group; or of the schedule that sets its lr, after the schedule's class: ``CosineAnnealingLR.T_max``."""
    source: Any
    """What it is built with."""
    checkpoint: Any
    """What it goes on with; None also where its group does not have the key any more."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One reason why a checkpoint does not load, or loads wrong."""

    message: str
    params: tuple[str, ...] = ()
    """The parameters that it is about, as the source calls them."""
    hint: str = ""
    """What to do, in a sentence."""
    refused: bool = False
    """Whether ``load_state_dict`` raises."""


@dataclass(frozen=True, slots=True)
class GroupValue:
    """What a group holds under one key; None also where it does not hold the key."""

    checkpoint: Any
    source: Any
    resumed: Any
    """What training goes on with; None where nothing is loaded."""
    replaced: bool
    """Whether it is an override: what the source asks for is lost. Else it may be another one because the run is under
    way.
    """


@dataclass(frozen=True, slots=True)
class ResumedGroup:
    """A group of the checkpoint beside the one of the source whose place it takes."""

    group: int | None
    """The index of the source's; None where it has none in that place."""
    from_group: int | None
    """The index of the checkpoint's."""
    params: tuple[str, ...]
    """The tensors of the source's group that it gives its values, as the source calls them."""
    tensors: int
    """Those that the checkpoint's group gives them for."""
    values: Mapping[str, GroupValue]
    """The lrs and the weight decay, and all else of which the sides do not hold the same."""
    optimizer: str = ""
    """What it is called, where there are several."""


@dataclass(frozen=True)
class Resumption:
    """The whole answer."""

    checkpoint: str
    """The path of the checkpoint."""
    layout: str
    """What wrote it."""
    source: str
    """What the user calls the source."""
    tensors: int
    groups: int
    steps: float | None
    """The steps that most of the checkpoint's tensors have made; None where it does not say."""
    mismatches: tuple[Mismatch, ...] = ()
    overrides: tuple[Override, ...] = ()
    notes: tuple[str, ...] = ()
    proved: bool = True
    """Whether names or shapes prove that each state lands on its own tensor."""
    resumed_groups: tuple[ResumedGroup, ...] = ()
    """Those of which it can be told which one takes the place of which."""
    scheduled: bool = True
    """Whether a schedule is on either side."""

    @property
    def verdict(self) -> Verdict:
        """The worst of all that was found."""
        if any(each.refused for each in self.mismatches):
            return "refused"
        return "mismatch" if self.mismatches else "overrides" if self.overrides else "ok"

    @cached_property
    def advice(self) -> str:
        """What to do, in a sentence."""
        worst = sorted(self.mismatches, key=lambda each: not each.refused)
        if worst:
            return worst[0].hint
        if not self.overrides:
            return "Load the model, the optimizer and its schedulers, and go on."
        keys = {each.key for each in self.overrides}
        places = ["optimizer.param_groups"] if any("." not in key for key in keys) else []
        places += ["the scheduler's base_lrs"] if "lr" in keys and self.scheduled else []
        places += ["the scheduler"] if any("." in key for key in keys) else []
        return (
            f"To train with the new values, write them into {' and into '.join(places)} after load_state_dict(); "
            "to go on as before, take the checkpoint's values over."
        )

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What was found, under its codes: PG037 for each mismatch, PG038 for all values together."""
        kind = pg037.KIND
        found = [
            Finding(kind.code, kind.name, kind.severity, each.message, each.hint, None, each.params)
            for each in self.mismatches
        ]
        if self.overrides:
            kind = pg038.KIND
            keys = tuple(dict.fromkeys(each.key for each in self.overrides))
            params = tuple(dict.fromkeys(each.param for each in self.overrides))
            of = f"{', '.join(map(visible, keys))} of {counted(len(params), 'tensor')}"
            message = f"the checkpoint replaces {of}"
            found.append(Finding(kind.code, kind.name, kind.severity, message, self.advice, None, params, None, keys))
        return tuple(found)
