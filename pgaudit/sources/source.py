"""What a command is given → a Report: MODEL CONFIG, CONFIG, a saved report, or a lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pgaudit.config import load_config
from pgaudit.core.config import Config
from pgaudit.core.errors import UsageError
from pgaudit.report import Report
from pgaudit.sources import CONFIGS
from pgaudit.text import quoted

if TYPE_CHECKING:
    from pgaudit.models.cache import Cache


def read_source(path: str, model: str | None = None, *, constructor: str | None = None) -> Report | Config:
    """Reads a file, as far as that goes without a model; nothing heavy is loaded.

    Args:
        path: a config; or, where no model is named beside it, a saved report or a lock.
        model: the model that is named.
        constructor: takes the place of the one that a config names.

    Raises:
        ConfigError: it is damaged, or no valid config.
    """
    if model is None and not path.endswith(CONFIGS):
        from pgaudit.sources.files import saved_report_in  # only here: the usual run needs no reader of saved files

        if (saved := saved_report_in(path)) is not None:
            return saved
    return load_config(path, constructor=constructor)


def report_of(
    source: Report | Config,
    model: str | None = None,
    *,
    model_args: Mapping[str, Any] | None = None,
    cache: Cache | None = None,
) -> Report:
    """Returns the report that a source holds, or leads to with its model.

    Raises:
        UsageError: a model is named for what was saved of one.
        ConfigError: the real library would refuse the config for this model.
        ModelError: the model cannot be built.
    """
    if isinstance(source, Report):
        if model is not None or model_args:
            message = f"{quoted(source.path)} says all that it knows of its model, and takes no arguments for it"
            raise UsageError(message, "name the config in its place")
        return source
    from pgaudit.pipeline import audit  # only here: a mistake in the config is told before the constructors are loaded

    return audit(model, source, model_args=model_args, cache=cache)
