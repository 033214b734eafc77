"""What tells one constructor from another, in a few words each: the table by which people choose, and move between
them. The tests hold each claim against the constructor itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """One constructor's ways."""

    names: str
    """How a rule finds its parameters."""
    lr: str
    """What decides the lr, strongest first."""
    weight_decay: str
    """What decides the weight decay, strongest first."""
    frozen: str
    """What becomes of parameters that do not require a gradient."""
    tied: str
    """What becomes of a tensor with several names."""
    groups: str
    """How many there are."""
    begins: str
    """Where in the model it begins."""
    unknown: str
    """What becomes of an option that it does not know."""


TOPICS = {
    "names": "names",
    "lr": "lr, strongest first",
    "weight_decay": "weight decay, strongest first",
    "frozen": "frozen parameters",
    "tied": "tied parameters",
    "groups": "groups",
    "begins": "begins at",
    "unknown": "unknown options",
}
"""The rows of the table, by field."""

IN_A_GROUP, LEFT_OUT = "in a group, at the base values", "left out"
FIRST = "the first name decides"
INSIDE, AS_GIVEN = "its attribute `module`, if it has one", "the model as it is given"
IGNORED = "ignored"
"""What several of them do."""
