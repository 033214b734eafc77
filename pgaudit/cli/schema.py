"""``pgaudit schema``: the JSON Schema of a config, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

import click

from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command, argument
from pgaudit.cli.shared.common import write

SchemaKind = Literal["config", "project", "expect"]
"""The files that pgaudit has a schema of."""


@click.command(
    cls=Command,
    examples=(
        "pgaudit schema -o pgaudit.schema.json",
        "pgaudit schema project",
    ),
)
@argument(
    "kind",
    type=click.Choice(get_args(SchemaKind)),
    default="config",
    help="A config, a project file (pgaudit.yaml), or a file of expectations.",
)
@shared.output
@shared.traceback
def schema(kind: SchemaKind, output: Path | None) -> None:
    """Write the JSON Schema of a config, so that an editor completes its keys and marks what is wrong.

    With the YAML language server: `# yaml-language-server: $schema=pgaudit.schema.json` at the top of the file.
    """
    from pgaudit.config.published import config_schema, expect_schema, project_schema
    from pgaudit.render.data import json_text

    made = {"config": config_schema, "project": project_schema, "expect": expect_schema}[kind]()
    write(json_text(made), output)
