"""The model that a half typed line names, as far as it is known without building it: for a shell's completion."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from pgaudit.cli.shared.common import is_config, parse_model_args
from pgaudit.core.errors import PgauditError
from pgaudit.core.parameters import INVENTORY_FILES, Inventory
from pgaudit.models.references import is_timm_name
from pgaudit.user_code.imports import is_file


def typed_inventory(context: click.Context) -> Inventory | None:
    """Returns the inventory of the model on the line: a saved one, or what the cache has of one of timm's; None where
    there is none.
    """
    try:
        ref, args = _model(context)
        if ref.endswith(INVENTORY_FILES):
            from pgaudit.models.source import read_saved

            return read_saved(ref).inventory
        if not is_timm_name(ref):
            return None
        from pgaudit.models.cache import Cache

        saved = Cache().model(ref, args)
        return saved.inventory if saved is not None else None
    except PgauditError:
        return None


def _model(context: click.Context) -> tuple[str, Mapping[str, Any]]:
    """The model's reference and its arguments; an empty one where none is known."""
    given = context.params
    args = parse_model_args(given.get("model_args") or ())
    words = [word for word in (given.get("model"), given.get("config")) if word] or context.args
    ref = given.get("named") or next((word for word in words if not is_config(word)), None)
    source = next((word for word in words if is_config(word) and not word.endswith(".py")), None)
    own: Mapping[str, Any] = {}
    if source is not None and is_file(source):
        from pgaudit.files.reading import read_file
        from pgaudit.files.yaml_text import read_yaml

        value = read_yaml(read_file(source), source).value
        own = value if isinstance(value, dict) else {}
    if ref is not None and ref != own.get("model"):
        return ref, args
    named, theirs = own.get("model"), own.get("model_args")
    if not isinstance(named, str):
        return "", args
    beside = str(Path(str(source)).parent / named)
    is_beside = named.endswith(INVENTORY_FILES) and not is_file(named) and is_file(beside)
    return beside if is_beside else named, {**(theirs if isinstance(theirs, dict) else {}), **args}
