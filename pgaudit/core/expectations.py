"""What a config, or a file beside it, expects of an assignment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgaudit.core.findings import Threshold
from pgaudit.core.location import Location, Path, whole_file


@dataclass(frozen=True)
class RuleExpectation:
    """What one rule may hit."""

    rule: str
    """An option, a custom key or pattern, or both as ``custom_keys.fc``."""
    params: tuple[str, ...] | None
    """Globs of the names that it may hit; None for any."""
    count: int | None
    at: Path


@dataclass(frozen=True)
class LrExpectation:
    """What the lr must be after so many steps of the schedule, or epochs if that is what it counts."""

    step: int
    lr: float
    at: Path


@dataclass(frozen=True)
class ParamExpectation:
    """What the parameters of one glob must get; None for what does not matter."""

    glob: str
    lr: float | None
    weight_decay: float | None
    rule: str | None
    lr_rule: str | None
    weight_decay_rule: str | None
    at: Path
    scheduled_lr: float | None = None
    """What the library's schedulers make of the lr at their full height, which may be the lr itself."""
    over_time: tuple[LrExpectation, ...] = ()
    """What a schedule must make of the lr."""


@dataclass(frozen=True)
class Expectations:
    """All that is expected, and where it stands."""

    rules: tuple[RuleExpectation, ...] = ()
    exhaustive: bool = False
    """Whether a rule that is not listed may hit nothing."""
    params: tuple[ParamExpectation, ...] = ()
    max_groups: int | None = None
    fail_on: Threshold | None = None
    at: Path = ()
    """Where the section stands in its file; empty for a file of its own."""
    path: str | None = None
    locations: Mapping[Path, Location] = field(default_factory=dict)

    @property
    def steps(self) -> frozenset[int]:
        """All steps at which something is expected."""
        return frozenset(each.step for param in self.params for each in param.over_time)

    def location(self, at: Path) -> Location | None:
        """Returns where an expectation stands; None for one that was given as a mapping."""
        return self.locations.get(at) or whole_file(self.path)
