"""The options that try another config than the one that is written: ``--lr``, ``--optimizer``, ``--set`` and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from pgaudit.cli.shared.command import F
from pgaudit.core.errors import UsageError
from pgaudit.text import visible

if TYPE_CHECKING:
    from pgaudit.config.what_if import WhatIf

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


def tried() -> WhatIf | None:
    """Returns what the options of the running command say; None where none is given.

    Raises:
        UsageError: ``--set`` has no key and value.
        ConfigError: its value is no YAML.
    """
    given = click.get_current_context().meta.get(_KEY, {})
    settings = given.pop("settings", ())
    if not settings and all(value is None for value in given.values()):
        return None
    from pgaudit.config.what_if import WhatIf, path_of
    from pgaudit.files.yaml_text import read_yaml

    values = []
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {visible(setting)} is not key=value", "--set paramwise_cfg.norm_decay_mult=0")
        values.append((path_of(key.strip()), read_yaml(value.encode(), f"--set {key.strip()}").value))
    return WhatIf(**given, values=tuple(values))
