"""``pgaudit schema``: the JSON Schema of a config, for editors."""

from __future__ import annotations

import json
from enum import Enum
from typing import Annotated

import typer

from pgaudit.cli.shared.common import write
from pgaudit.cli.shared.options import Output, Traceback


class SchemaKind(str, Enum):
    """The files that pgaudit has a schema of."""

    CONFIG = "config"
    PROJECT = "project"
    EXPECT = "expect"


def schema(
    kind: Annotated[
        SchemaKind, typer.Argument(help="A config, a project file (pgaudit.yaml), or a file of expectations.")
    ] = SchemaKind.CONFIG,
    output: Output = None,
    traceback: Traceback = False,
) -> None:
    """Write the JSON Schema of a config, so that an editor completes its keys and marks what is wrong.

    With the YAML language server: `# yaml-language-server: $schema=pgaudit.schema.json` at the top of the file.
    """
    from pgaudit.config.published import config_schema, expect_schema, project_schema

    made = {SchemaKind.CONFIG: config_schema, SchemaKind.PROJECT: project_schema, SchemaKind.EXPECT: expect_schema}[
        kind
    ]()
    write(json.dumps(made, indent=2, ensure_ascii=True) + "\n", output)
