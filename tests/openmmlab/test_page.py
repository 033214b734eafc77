"""docs/openmmlab.md: its files are read, and its commands answer what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.openmmlab.marked import written
from tests.parity.client import ROOT, Oracle

PATH = ROOT / "docs" / "openmmlab.md"
PAGE = PATH.read_text(encoding="utf-8")
FILES = {
    body.partition("\n")[0].removeprefix("# "): body for body in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
}
ANSWERS = re.findall(r"```text\n\$ pgaudit (.*?)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize(("command", "answer"), ANSWERS)
def test_the_page_shows_what_is_answered(library: Oracle, tmp_path: Path, command: str, answer: str) -> None:
    written(tmp_path, FILES)
    found = library.ask(folder=str(tmp_path), argv=[*shlex.split(command)])
    assert found["code"] == int("--fail-on" in command)
    assert found["out"] == answer


def test_it_has_files_and_answers() -> None:
    assert len(FILES) == 2
    assert len(ANSWERS) == 2


def main() -> None:
    """Writes the answers anew: python -m tests.openmmlab.test_page."""
    with Oracle("mmengine", "tests.openmmlab.reader", "mmpretrain") as oracle, TemporaryDirectory() as folder:
        written(Path(folder), FILES)
        page = PAGE
        for command, answer in ANSWERS:
            out = oracle.ask(folder=folder, argv=shlex.split(command))["out"]
            page = page.replace(f"$ pgaudit {command}\n{answer}", f"$ pgaudit {command}\n{out}")
    PATH.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
