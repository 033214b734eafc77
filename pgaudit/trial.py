"""Lets the optimizer's own class have its say about the groups, on stand-in tensors, before an answer is given."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgaudit.config import Config
from pgaudit.constructors import Decision, Decisions, OptimizerSpec
from pgaudit.core.errors import ConfigError, PgauditError
from pgaudit.core.parameters import Inventory
from pgaudit.inventory.groups import TensorKind, TrialGroup

if TYPE_CHECKING:
    from pgaudit.inventory.calls import OptimizerCall


def as_built(
    config: Config, spec: OptimizerSpec, call: OptimizerCall, inventory: Inventory, assignment: Decisions
) -> Decisions:
    """Returns the assignment as the optimizer's class makes it: most leave it as it is, some change values.

    Raises:
        ConfigError: the class refuses the groups.
    """
    written = {d.group: d.setting.written for d in assignment.params if d.group is not None}
    trials = _trial_groups(inventory, assignment, written)
    if not trials and assignment.may_be_empty:
        return assignment
    with called(config, spec):
        built = call.about.try_groups(call.arguments, trials)
    held = {repr(trial.settings): group for trial, group in zip(trials, built, strict=True)}
    if any(held[repr(trial.settings)] != group for trial, group in zip(trials, built, strict=True)):
        raise config.error(
            "the optimizer's class changes groups of equal settings unequally", *spec.section, spec.type_key
        )
    # Settings of one group may be written in several ways: 0.0 and -0.0.
    groups = {id(d.setting): (d.setting, d.group) for d in assignment.params if d.group is not None}
    settings = {
        id(setting): setting.holding(lr=lr, weight_decay=decay)
        for setting, group in groups.values()
        for lr, decay in [held[repr(written[group])]]
        if (setting.lr, setting.weight_decay) != (lr, decay)
    }
    if not settings:
        return assignment
    params = tuple(Decision(settings.get(id(d.setting), d.setting), d.group) for d in assignment.params)
    return replace(assignment, params=params)


def _trial_groups(
    inventory: Inventory, assignment: Decisions, written: Mapping[int, tuple[tuple[str, Any], ...]]
) -> list[TrialGroup]:
    """The groups without repetition: of those that are alike, two, since a class may refuse several groups but not one.

    Tensors with the same number of dimensions are alike; the first one's shape stands for all.
    """
    kinds: dict[tuple[int, str, bool], tuple[TensorKind]] = {}
    members: dict[int, tuple[TensorKind, ...]] = {}
    for p, (_, group) in zip(inventory.parameters, assignment.params, strict=True):
        if group is None:
            continue
        known_as = len(p.shape), p.dtype, p.leaf
        kind = kinds.get(known_as)
        if kind is None:
            kind = kinds[known_as] = (TensorKind(p.shape, p.dtype, p.leaf),)
        before = members.get(group)
        if before is None:
            members[group] = kind  # one object for all groups of one such tensor: there may be a million
        elif kind[0] not in before:
            members[group] = before + kind
    # By its words: a setting may be a list, such as betas. Parameters share the settings of their rules.
    words = {id(settings): repr(settings) for settings in {id(each): each for each in written.values()}.values()}
    alike: dict[tuple[str, tuple[TensorKind, ...]], list[TrialGroup]] = defaultdict(list)
    for group, tensors in members.items():
        same = alike[words[id(written[group])], tensors]
        if len(same) < 2:
            same.append(TrialGroup(written[group], tensors))
    return [trial for trials in alike.values() for trial in trials]


@contextlib.contextmanager
def called(config: Config, spec: OptimizerSpec) -> Iterator[None]:
    """Gives an error about the call of the optimizer's class its place in the config."""
    with placed(config, *spec.section, spec.type_key, words=spec.words):
        yield


@contextlib.contextmanager
def placed(
    config: Config, section: str | int, *below: str | int, words: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Gives an error about what the config names its place in the config.

    Args:
        config: the config.
        section: where the name stands, section first.
        below: the rest of the way to it.
        words: what the config calls an argument of the class that it names.
    """
    try:
        yield
    except ConfigError:
        raise
    except PgauditError as error:
        argument = getattr(error, "argument", None)
        argument = words.get(argument, argument) if words and argument else argument
        inner = (*below[:-1], argument) if argument and argument != "type" else below
        problem = error.problems[0]
        at = config.nearest(section, *inner)
        raise ConfigError(problem.message, problem.hint, at, example=problem.example) from error
