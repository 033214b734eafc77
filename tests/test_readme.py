"""The commands of the README and of docs/ are run and their answers compared, so that none can grow old.

`python -m tests.test_readme` rewrites the answers and the pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shlex
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.checks.documentation import all_documentation
from pgaudit.config import load_config
from pgaudit.explore.session import Policy, Session
from pgaudit.models.source import model_source
from pgaudit.pipeline import audit_source
from pgaudit.render.terminal import TableOptions
from tests.checks.noise import counts

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
STORIES = {"built.md", "ci.md", "resume.md", "schedules.md"}  # each is followed as a whole, in a test of its own
PAGES = [README, *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name not in STORIES)]
FIVE_LINES = "five_lines.yaml"
PICTURES = {
    "show.svg": "show vit_base_patch16_224 docs/finetune.yaml --fold --format svg --width 110",
    "plot.svg": "show vit_tiny_patch16_224 configs/vit_timm.yaml --fold --filter head --plot --format svg --width 100",
}
FINDINGS = re.compile(r"(<!-- findings -->\n).*?(<!-- end -->)", re.DOTALL)
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def _blocks(language: str, page: Path = README) -> list[str]:
    return [body for name, body in BLOCK.findall(page.read_text(encoding="utf-8")) if name == language]


def _answer(arguments: list[str]) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert cli.main(arguments) == 0
    return out.getvalue()


def _explored() -> str:
    """The explorer's picture: what a tenth of the multiplier moves."""
    from pgaudit.explore.app import Explorer

    config = load_config("docs/finetune.yaml")
    policy = Policy.opened(config, model_source("vit_base_patch16_224", config))
    report = replace(audit_source(policy.source, policy.config), path=config.path)
    app = Explorer(Session(report, policy), TableOptions(), words="blocks.*.fc*")

    async def picture() -> str:
        async with app.run_test(size=(144, 32)) as pilot:
            await pilot.pause()
            await pilot.press("j", "e", "1", "enter")
            await app.workers.wait_for_complete()
            await pilot.pause()
            return app.export_screenshot(title="pgaudit explore vit_base_patch16_224 docs/finetune.yaml")

    return re.sub(r"@font-face \{.*?\}\s*", "", asyncio.run(picture()), flags=re.DOTALL)  # which would be fetched


def _console(body: str) -> str:
    """The block as it should be: the command, and what it prints."""
    command = body.partition("\n")[0]
    words = shlex.split(command.removeprefix("$ pgaudit "))
    if FIVE_LINES not in words:
        return f"{command}\n{_answer(words)}"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / FIVE_LINES).write_text(_blocks("yaml")[0], encoding="utf-8")
        os.chdir(folder)
        try:
            return f"{command}\n{_answer(words)}"
        finally:
            os.chdir(ROOT)


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "90")


@pytest.mark.parametrize(
    "body", [body for page in PAGES for body in _blocks("console", page)], ids=lambda body: body.partition("\n")[0]
)
def test_a_command_prints_what_the_page_says(body: str) -> None:
    assert body == _console(body)


def test_the_python_example_runs() -> None:
    for body in _blocks("python"):
        exec(compile(body, "README.md", "exec"), {})


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_what_the_tool_draws(name: str) -> None:
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == _answer(PICTURES[name].split())


def test_the_picture_of_the_explorer_is_what_it_draws() -> None:
    assert (ROOT / "docs" / "explore.svg").read_text(encoding="utf-8") == _explored()


def test_the_five_lines_are_five() -> None:
    assert len(_blocks("yaml")[0].splitlines()) == 5


def test_targets_and_files_exist() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"(?:`| {4})make (\w+)", text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"(?:configs|docs)/\w[\w.]*", text):
        assert (ROOT / path).exists(), path


def _findings() -> str:
    """The README's table of findings, with how often each is found in published policies."""
    found = counts()
    lines = ["| finding | severity | when | published |", "|---|---|---|--:|"]
    for rule in all_documentation():
        number = found.get(rule.kind.code, (0, 0))[0]
        title = rule.title.removesuffix(".")
        lines.append(f"| {rule.kind.code} {rule.kind.name} | {rule.kind.severity} | {title} | {number or ''} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_findings_is_theirs() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == FINDINGS.sub(lambda m: m[1] + _findings() + m[2], text)


def test_the_page_of_findings_is_theirs() -> None:
    assert (ROOT / "docs" / "findings.md").read_text(encoding="utf-8") == _answer(["finding", "--format", "markdown"])


CATALOGUE = re.compile(r"(<!-- constructors -->\n).*?(<!-- end -->)", re.DOTALL)


def _catalogue(text: str) -> str:
    """The page of constructors as it should be."""
    return CATALOGUE.sub(lambda m: m[1] + _answer(["constructors", "--format", "markdown"]) + m[2], text)


def test_the_page_of_constructors_is_theirs() -> None:
    text = (ROOT / "docs" / "constructors.md").read_text(encoding="utf-8")
    assert text == _catalogue(text)


def _rewrite() -> None:
    os.chdir(ROOT)
    os.environ["COLUMNS"] = "90"
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        text = BLOCK.sub(lambda m: f"```console\n{_console(m[2])}```" if m[1] == "console" else m[0], text)
        page.write_text(text, encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    README.write_text(FINDINGS.sub(lambda m: m[1] + _findings() + m[2], text), encoding="utf-8")
    (ROOT / "docs" / "findings.md").write_text(_answer(["finding", "--format", "markdown"]), encoding="utf-8")
    catalogue = ROOT / "docs" / "constructors.md"
    catalogue.write_text(_catalogue(catalogue.read_text(encoding="utf-8")), encoding="utf-8")
    for name, command in PICTURES.items():
        (ROOT / "docs" / name).write_text(_answer(command.split()), encoding="utf-8")
    (ROOT / "docs" / "explore.svg").write_text(_explored(), encoding="utf-8")


if __name__ == "__main__":
    _rewrite()
