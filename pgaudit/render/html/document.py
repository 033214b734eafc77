"""A template and what it shows → one HTML file. It works from a disk and in a frame, asks nobody for anything, and is
the same bytes for the same input.

A content security policy forbids every request, and every script but those whose hashes it names. Text goes through
``pgaudit.text`` and jinja2's autoescape; what the scripts show, they set as text.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pgaudit.version import __version__

_FOLDER = Path(__file__).parent


def document(
    template: str, *, styles: Sequence[str] = (), app: Sequence[str], vendored: Sequence[str] = (), **shown: object
) -> str:
    """Returns the file.

    Args:
        template: one that extends base.html.
        styles: style sheets beside base.css.
        app: our own scripts beside base.js, in this order, one scope for all.
        vendored: other people's.
        shown: what the template names.
    """
    scripts = [Markup(_text(f"vendor/{name}.js")) for name in vendored]
    own = "\n".join(_text(f"app/{name}.js") for name in ("base", *app))
    scripts.append(Markup(f'"use strict";\n(() => {{\n{own}}})();\n'))
    style = Markup("\n".join(_text(f"styles/{name}.css") for name in ("base", *styles)))
    page = _environment().get_template(template)
    return page.render(shown, version=__version__, policy=_policy(scripts), scripts=scripts, style=style)


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_FOLDER / "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True,
    )  # fmt: skip


def _policy(scripts: Sequence[Markup]) -> str:
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{each}'" for each in hashes)
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
