"""A policy under edit: what becomes of the parameters."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from pgaudit.config import load_config
from pgaudit.config.what_if import NO_CONFIG, WhatIf
from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.core.location import Path
from pgaudit.core.schedule import NO_REQUEST, ScheduleRequest
from pgaudit.diff import Diff, compare
from pgaudit.explore.multipliers import Multiplier, multipliers, setting_words
from pgaudit.explore.patch import patched
from pgaudit.files.atomic_write import rewrite
from pgaudit.files.inputs import STDIN, read_bytes
from pgaudit.fix import Fixed
from pgaudit.models.source import ModelSource
from pgaudit.pipeline import audit_source
from pgaudit.report import Report
from pgaudit.user_code.imports import is_file


@dataclass(frozen=True)
class Policy:
    """A config as its file has it, and the model that it is for."""

    config: Config
    source: ModelSource
    request: ScheduleRequest = NO_REQUEST
    constructor: str | None = None
    """What takes the place of the config's own."""
    data: bytes | None = None
    """What the file holds; None for a config that is code, and for one that no file has."""

    @classmethod
    def opened(
        cls,
        config: Config,
        source: ModelSource,
        request: ScheduleRequest = NO_REQUEST,
        constructor: str | None = None,
    ) -> Policy:
        """Returns a config that was read, with the bytes that it is read from."""
        path = config.path
        if path is None or path.endswith(".py") or path == STDIN or not is_file(path):
            return cls(config, source, request, constructor)
        data = read_bytes(path)
        config = load_config(path, constructor=constructor, data=data)
        return cls(config, source, request, constructor, data)

    def edited(self, edits: Mapping[Path, Any]) -> Config:
        """Returns the config with other values, as ``--set`` would have it.

        Raises:
            ConfigError: it is none any more.
        """
        if not edits:
            return self.config
        trial = WhatIf(values=tuple(edits.items()))
        path = NO_CONFIG if self.config.path is None else self.config.path
        return load_config(path, constructor=self.constructor, data=self.data, what_if=trial)


@dataclass(frozen=True, eq=False)
class State:
    """What the parameters train with under some edits."""

    report: Report
    config: Config | None = None
    """None where there is nothing to edit."""
    edits: Mapping[Path, Any] = field(default_factory=dict)
    diff: Diff | None = None
    """Against the config as its file has it; None without edits."""

    @property
    def multipliers(self) -> list[Multiplier]:
        """The numbers of the policy, edits among them."""
        return multipliers(self.config) if self.config is not None else []

    @cached_property
    def moved(self) -> frozenset[str]:
        """The names of the parameters that get something else than the file says."""
        return frozenset(each.param.name for each in self.diff.effective) if self.diff else frozenset()


class Session:
    """The states that a policy has been in, the present one last. Without a policy there is but one."""

    def __init__(self, report: Report, policy: Policy | None = None) -> None:
        """Begins with what was read."""
        self.policy = policy
        self._states = [State(report, policy.config if policy else None)]

    @property
    def first(self) -> State:
        """What the file says."""
        return self._states[0]

    @property
    def now(self) -> State:
        """The present state."""
        return self._states[-1]

    def tried(self, values: Mapping[Path, Any]) -> State:
        """Returns the state with further edits, which are not made yet: this takes as long as an audit.

        Args:
            values: by their paths, as ``--set`` names them.

        Raises:
            PgauditError: the library would refuse it.
        """
        assert self.policy is not None
        own = {each.path: each.value for each in self.first.multipliers}
        edits = {at: new for at, new in {**self.now.edits, **values}.items() if new != own.get(at)}
        config = self.policy.edited(edits)
        report = audit_source(self.policy.source, config, self.policy.request)
        words = shlex.join(word for edit in edits.items() for word in ("--set", setting_words(*edit)))
        report = replace(report, path=self.first.report.path, tried=words)
        return State(report, config, edits, compare(self.first.report, report) if edits else None)

    def begin_with(self, trial: WhatIf) -> None:
        """Makes an edit of what the command line has in place of the file's own values.

        Raises:
            PgauditError: the library would refuse it.
        """
        assert self.policy is not None
        at = self.policy.config.sections.get("optimizer", ("optimizer",))
        named = {"type": trial.optimizer, "lr": trial.lr, "weight_decay": trial.weight_decay}
        values: dict[Path, Any] = {(*at, key): value for key, value in named.items() if value is not None}
        known = {tuple(map(str, each.path)): each.path for each in self.first.multipliers}
        for path, value in trial.values:
            values[known.get(tuple(map(str, path)), path)] = value  # what is typed counts items in words
        state = self.tried(values)
        if state.edits:
            self.make(state)

    def make(self, state: State) -> None:
        """Makes a state the present one."""
        self._states.append(state)

    def undo(self) -> bool:
        """Goes back by one state, if there is one."""
        if len(self._states) == 1:
            return False
        del self._states[-1]
        return True

    def patch(self) -> Fixed:
        """Returns the config's text before and after the edits.

        Raises:
            UsageError: there is no such text: see :func:`pgaudit.explore.patch.patched`.
        """
        policy, now = self.policy, self.now
        if policy is None or now.config is None or not now.edits:
            raise UsageError("nothing is edited")
        return patched(policy.config, policy.data, now.edits, now.config, constructor=policy.constructor)

    def write(self, patch: Fixed) -> None:
        """Writes a patch, and begins anew with what the file now says.

        Raises:
            UsageError: the file has changed since it was read, or cannot be written.
        """
        assert self.policy is not None
        rewrite(patch.path, patch.before, patch.after)
        config = load_config(patch.path, constructor=self.policy.constructor, data=patch.after)
        self.policy = replace(self.policy, config=config, data=patch.after)
        report = audit_source(self.policy.source, config, self.policy.request)
        self._states = [State(replace(report, path=self.now.report.path), config)]
