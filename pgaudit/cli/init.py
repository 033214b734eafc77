"""``pgaudit init``: a first policy for a model, and a project file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from pgaudit.cli.shared import options as shared
from pgaudit.cli.shared.command import Command
from pgaudit.cli.shared.common import note, parse_model_args, spinner, stdout_reserved, the_cache, write, write_file
from pgaudit.core.errors import UsageError
from pgaudit.core.findings import FIXABLE
from pgaudit.files.atomic_write import writable
from pgaudit.init.library import Library, library_of
from pgaudit.text import quoted, visible

if TYPE_CHECKING:
    from pgaudit.init.proof import Proof
    from pgaudit.models.cache import Cache

Ci = Literal["github"]
"""Where a project is checked."""


@click.command(
    cls=Command,
    examples=(
        "pgaudit init resnet50",
        "pgaudit init train.py:make_model --for timm --ci github",
    ),
)
@shared.model
@shared.choice("--for", "library", of=Library, help="In whose words; else the folder's files say who trains there.")
@click.option("--output", "-o", type=shared.FILE, default="policy.yaml", metavar="FILE", help="The policy's file.")
@shared.choice("--ci", of=Ci, help="Write a job that runs `pgaudit check`, too.")
@click.option("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@shared.model_args
@shared.no_cache
@shared.no_code
@shared.traceback
def init(
    model: str | None,
    library: Library | None,
    output: Path,
    ci: Ci | None,
    dry_run: bool,
    model_args: tuple[str, ...],
    no_cache: bool,
) -> None:
    """Write a first policy, which decays neither norms nor biases nor tokens, and a project file.

    The policy is in the words of the library that trains in this folder, and proved by an audit of MODEL. No file is
    written over.
    """
    from pgaudit.init.files import PROJECT, WORKFLOW, project_text, workflow_text

    found = None if library is not None else library_of(Path.cwd())
    chosen: Library = library or (found[0] if found else "torch")
    arguments = parse_model_args(model_args)
    files = {Path(PROJECT): project_text(output.as_posix())}
    if ci is not None:
        files[WORKFLOW] = workflow_text()
    _refuse_as_policy(output, files)
    text, proof = _policy(chosen, model, arguments, the_cache(unwanted=no_cache))
    files = {output: text, **files}
    why = f"{visible(found[1])} says" if found else "--for says" if library else "no file of this folder says otherwise"
    note([f"in the words of {chosen}: {why}", *(proof.sentences if proof else ())])
    if dry_run:
        write("".join(f"# {visible(path)}\n{text}\n" for path, text in files.items()), None)
        return
    there = [path for path in files if os.path.lexists(path)]
    if there:
        names = " and ".join(map(quoted, there))
        raise UsageError(
            f"{names} {'are' if len(there) > 1 else 'is'} there already, and nothing is written", "--dry-run"
        )
    for path in files:
        with writable(path):
            path.parent.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        write_file([content], path)
    write(
        "".join(f"wrote {visible(path)}\n" for path in files)
        + f"\n  pgaudit show {visible(shlex.quote(str(output)))}\n",
        None,
    )


def _refuse_as_policy(output: Path, others: Iterable[Path]) -> None:
    """Raises UsageError for a file that no command would read as a policy."""
    if output.suffix not in FIXABLE:
        raise UsageError(f"{quoted(output)} is no name for a policy, which is YAML", "-o policy.yaml")
    if os.path.realpath(output) in map(os.path.realpath, others):
        raise UsageError(f"{quoted(output)} is where the project file stands", "-o policy.yaml")


def _policy(
    library: Library, model: str | None, arguments: dict[str, object], cache: Cache | None
) -> tuple[str, Proof | None]:
    """The policy's text, and what an audit says of it; no audit without a model."""
    import yaml

    from pgaudit.config import load_config
    from pgaudit.config.what_if import NO_CONFIG
    from pgaudit.init.policy import policy_texts
    from pgaudit.init.proof import Proof
    from pgaudit.pipeline import audit

    if model is None:
        return policy_texts(library, None, None)[0], None
    with stdout_reserved(), spinner(f"building {model}"):
        bare = audit(model, NO_CONFIG, model_args=arguments, cache=cache)
        for text in policy_texts(library, model, bare.decided_from.inventory, arguments):
            report = audit(model, load_config(yaml.safe_load(text)), model_args=arguments, cache=cache)
            proof = Proof.of(report)
            if not proof.still:
                break
    return text, proof
