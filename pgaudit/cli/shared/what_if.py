"""The options that try another config than the one that is written: ``--lr``, ``--optimizer``, ``--set`` and others."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from pgaudit.cli.shared.command import F
from pgaudit.core.errors import UsageError
from pgaudit.text import visible

if TYPE_CHECKING:
    from pgaudit.config.what_if import WhatIf


def what_if_options(command: F) -> F:
    """Gives a command these options; it gets them as one argument ``what_if``, which is None where none is given."""

    @functools.wraps(command)
    def bundled(
        *args: Any,
        optimizer: str | None,
        lr: float | None,
        weight_decay: float | None,
        settings: tuple[str, ...],
        **others: Any,
    ) -> Any:
        return command(*args, what_if=_what_if(optimizer, lr, weight_decay, settings), **others)

    found: Any = bundled
    for option in (
        click.option(
            "--set",
            "settings",
            metavar="KEY=VALUE",
            multiple=True,
            help="Try another value in the config: paramwise_cfg.norm_decay_mult=0; repeatable.",
        ),
        click.option("--weight-decay", type=float, metavar="N", help="Try another weight decay than the config's."),
        click.option("--lr", type=float, metavar="N", help="Try another lr than the config's."),
        click.option("--optimizer", metavar="CLASS", help="Try another optimizer than the config's."),
    ):
        found = option(found)
    return found  # type: ignore[no-any-return]


def _what_if(
    optimizer: str | None, lr: float | None, weight_decay: float | None, settings: Sequence[str]
) -> WhatIf | None:
    if (optimizer, lr, weight_decay) == (None,) * 3 and not settings:
        return None
    from pgaudit.config.what_if import WhatIf, path_of
    from pgaudit.files.yaml_text import read_yaml

    values = []
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"--set {visible(setting)} is not key=value", "--set paramwise_cfg.norm_decay_mult=0")
        values.append((path_of(key.strip()), read_yaml(value.encode(), f"--set {key.strip()}").value))
    return WhatIf(optimizer, lr, weight_decay, tuple(values))
