"""The options that try another config than the one that is written: ``--lr``, ``--optimizer``, ``--set`` and others."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from pgaudit.cli.shared.command import F
from pgaudit.core.errors import UsageError
from pgaudit.text import visible

if TYPE_CHECKING:
    from pgaudit.config.what_if import WhatIf
    from pgaudit.report import Report

_KEY = "pgaudit.what_if"


def _note(context: click.Context, param: click.Parameter, value: Any) -> None:
    context.meta.setdefault(_KEY, {})[param.name] = value


_COMMON: dict[str, Any] = {"expose_value": False, "callback": _note}
_OPTIONS = (
    click.option("--optimizer", metavar="CLASS", help="Try another optimizer than the config's.", **_COMMON),
    click.option("--lr", type=float, metavar="N", help="Try another lr than the config's.", **_COMMON),
    click.option(
        "--weight-decay", type=float, metavar="N", help="Try another weight decay than the config's.", **_COMMON
    ),
    click.option(
        "--set",
        "settings",
        metavar="KEY=VALUE",
        multiple=True,
        help="Try another value in the config: paramwise_cfg.norm_decay_mult=0; repeatable.",
        **_COMMON,
    ),
)


def options(command: F) -> F:
    """Declares the options; what they say is asked of :func:`tried`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def tried(beside: Mapping[str, bool] | None = None) -> WhatIf | None:
    """Returns what the options of the running command say; None where none is given.

    Args:
        beside: the options that are about a config as its file has it, and whether each is given.

    Raises:
        UsageError: ``--set`` has no key and value, or one of those stands beside.
        ConfigError: its value is no YAML.
    """
    given = click.get_current_context().meta.get(_KEY, {})
    settings = given.pop("settings", ())
    if not settings and all(value is None for value in given.values()):
        return None
    from pgaudit.config.what_if import WhatIf, path_of
    from pgaudit.files.yaml_text import read_yaml

    named = {name: value for name, value in given.items() if value is not None}
    options = [*((f"--{name.replace('_', '-')}", str(value).removesuffix(".0")) for name, value in named.items())]
    words = shlex.join(word for option in (*options, *(("--set", each) for each in settings)) for word in option)
    if other := next((option for option, is_given in (beside or {}).items() if is_given), None):
        message = f"{other} takes the config as it is written, and {visible(words)} tries another"
        raise UsageError(message, "drop one of them")
    values = []
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {visible(setting)} is not key=value", "--set paramwise_cfg.norm_decay_mult=0")
        values.append((path_of(key.strip()), read_yaml(value.encode(), f"--set {key.strip()}").value))
    return WhatIf(**given, values=tuple(values), words=words)


def remarks(report: Report, trial: WhatIf | None) -> list[str]:
    """Returns which values that are tried have no effect, for commands that show no findings: a typo would look as if
    they were right, and changed nothing.
    """
    if trial is None:
        return []
    found = filter(trial.has_no_effect, report.findings)
    return [f"{each.message} ({each.hint})" if each.hint else each.message for each in found]
