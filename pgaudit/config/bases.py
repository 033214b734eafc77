"""What Python and YAML configs that inherit from others have in common: how each file is named to the user, and what is
wrong with a base that cannot be read.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path as FilePath

from pgaudit import user_code
from pgaudit.core.errors import ConfigError
from pgaudit.core.location import Location
from pgaudit.files.inputs import NotRegular, refuse_irregular
from pgaudit.files.reading import siblings
from pgaudit.text import nearest, quoted


def shown(file: str, config: str) -> str:
    """Returns a file as seen from where the config was named; one that lies elsewhere by its whole path.

    Args:
        file: an absolute path.
        config: the config's path, as the user named it.
    """
    if file == os.path.abspath(config):
        return config
    if file != os.path.normpath(file):
        return file
    seen = os.path.relpath(file)
    far = seen.startswith(os.pardir) and not config.startswith(os.pardir)
    return file if os.path.isabs(config) or far else seen


def refuse_unreadable(path: str, users: Sequence[str], config: str, at: Location) -> None:
    """Raises ConfigError for a base that is missing, is no file, or inherits from itself.

    Args:
        path: the base's absolute path.
        users: the files that lead to it, the config first.
        config: the config's path, as the user named it.
        at: where the last of the users names the base.
    """
    hint = None
    if path in users:
        circle = " → ".join(shown(each, config) for each in (*users[users.index(path) :], path))
        message = f"the config inherits from itself: {circle}"
    elif refused := user_code.refusal_to_read(path, os.path.dirname(config) or os.curdir):
        message = refused
    elif os.path.isfile(path):
        return
    elif os.path.exists(path):
        message = f"cannot read the base {quoted(shown(path, config))}: {_why_not(path)}"
    else:
        message = f"no such base: {quoted(shown(path, config))}"
        users_names = set(map(os.path.basename, users))
        others = [name for name in siblings(FilePath(path), {FilePath(path).suffix}) if name not in users_names]
        near = nearest(os.path.basename(path), others, cutoff=0.7)
        hint = f"did you mean {quoted(shown(os.path.join(os.path.dirname(path), near[0]), config))}?" if near else None
    raise ConfigError(message, hint, at)


def _why_not(path: str) -> str:
    try:
        refuse_irregular(path)
    except NotRegular as error:
        return str(error.strerror)
    return "it is a folder"
