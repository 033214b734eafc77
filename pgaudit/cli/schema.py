"""``pgaudit schema``: the JSON Schema of a config, for editors."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated

import typer

from pgaudit.cli.common import write
from pgaudit.cli.options import Output, Traceback


class Kind(str, Enum):
    """The files that pgaudit has a schema of."""

    CONFIG = "config"
    PROJECT = "project"
    EXPECT = "expect"


def schema(
    kind: Annotated[
        Kind, typer.Argument(help="A config, a project file (pgaudit.yaml), or a file of expectations.")
    ] = Kind.CONFIG,
    output: Output = None,
    traceback: Traceback = False,
) -> None:
    """Write the JSON Schema of a config, so that an editor completes its keys and marks what is wrong.

    With the YAML language server: `# yaml-language-server: $schema=pgaudit.schema.json` at the top of the file.
    """
    from pgaudit.config.published import config_schema, expect_schema, project_schema

    made = {Kind.CONFIG: config_schema, Kind.PROJECT: project_schema, Kind.EXPECT: expect_schema}[kind]()
    write(json.dumps(made, indent=2, ensure_ascii=True) + "\n", output)
