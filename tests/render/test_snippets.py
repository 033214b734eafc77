"""The line that a finding points to, and carets just under its words, in any width."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pgaudit.core.findings import Finding, Fix
from pgaudit.core.location import Location
from pgaudit.render.errors import render_errors
from pgaudit.render.snippets import snippet
from pgaudit.render.terminal import TableOptions

TEXT = """\
optimizer: {type: SGD}
paramwise_cfg:
\tnorm_decay_mul: 0
  'a b': 1, ключ: \u202ex, 模型: {lr_mul: 2}
"""


@pytest.fixture(autouse=True)
def _file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.yaml").write_text(TEXT, encoding="utf-8")


def at(line: int | None, column: int | None, hint: str | Fix | None = None, key: str | None = None) -> Finding:
    return Finding("PG001", "x", "error", "wrong", None, Location("a.yaml", line, column), key=key).hinted(hint)


def drawn(*findings: Finding, width: int | None = 60) -> list[str]:
    return [line.plain for line in snippet(findings, [each.hint for each in findings], width)]


CASES = {
    "a key": ([at(1, 1, "a hint")], ["  1 | optimizer: {type: SGD}", "    | ^^^^^^^^^ a hint"]),
    "a value": ([at(1, 19)], ["  1 | optimizer: {type: SGD}", "    |                   ^^^"]),
    "what stands in braces": ([at(1, 12)], ["  1 | optimizer: {type: SGD}", "    |            ^"]),
    "a tab": ([at(3, 2)], ["  3 |  norm_decay_mul: 0", "    |  ^^^^^^^^^^^^^^"]),
    "quotes": ([at(4, 3)], ["  4 |   'a b': 1, ключ: \\u202ex, 模型: {lr_mul: 2}", "    |   ^^^^^"]),
    "wide letters": (
        [at(4, 23), at(4, 28, Fix("lr_mul", "lr_mult"))],
        [
            "  4 |   'a b': 1, ключ: \\u202ex, 模型: {lr_mul: 2}",
            "    |                            ^^^^",
            '    |                                   ^^^^^^ did you mean "lr_mult"?',
        ],
    ),
    "no column": ([at(1, None, "a hint")], ["  1 | optimizer: {type: SGD}", "    | a hint"]),
    "past the end": ([at(1, 99)], ["  1 | optimizer: {type: SGD}"]),
    "no such line": ([at(9, 1)], []),
    "no line": ([at(None, None)], []),
}


@pytest.mark.parametrize(("findings", "lines"), CASES.values(), ids=CASES)
def test_a_line(findings: list[Finding], lines: list[str]) -> None:
    assert drawn(*findings, width=80) == lines


def test_a_narrow_terminal_shows_what_is_around() -> None:
    Path("a.yaml").write_text(f"{{{', '.join(f'key{n}: 1' for n in range(90))}}}")
    lines = drawn(at(1, 1 + 10 * 30, "a hint that is longer than the line has room for"), width=40)
    assert lines[0].startswith("  1 | ...")
    assert lines[0].endswith("...")
    carets = lines[1].index("^")
    assert lines[0][carets:].startswith(Path("a.yaml").read_text()[300:305])
    assert all(len(line) <= 40 for line in lines)
    assert drawn(at(1, 1), width=20) == []


def test_what_cannot_be_read_has_none(tmp_path: Path) -> None:
    for path in ("missing.yaml", str(tmp_path), "a\0b", "/dev/stdin"):
        found = Finding.error("x", Location(path, 1, 1))
        assert snippet([found], [None], 80) == []


@given(
    st.text(st.characters(codec="utf-8"), max_size=90).filter(lambda text: not set(text) & set("\n\r\x85\u2028\u2029")),
    st.integers(1, 100),
    st.integers(20, 90),
    st.text("ab ", max_size=50),
)
def test_every_line_fits(text: str, column: int, width: int, hint: str) -> None:
    Path("a.yaml").write_text(text, encoding="utf-8", newline="")
    for line in drawn(at(1, column, hint), width=width):
        assert cell_len(line) <= width or " " not in line.strip()
        assert line.isprintable()


def test_errors_of_one_line_share_it_and_say_once_what_is_known() -> None:
    known = "known: a, b"
    findings = [Finding.error("unknown key", each.location, hint) for each, hint in (
        (at(1, 1), known), (at(1, 13), known), (at(4, 28), Fix("lr_mul", "lr_mult")), (at(4, 13), Fix("c", "lr_mult"))
    )]  # fmt: skip
    text = render_errors(findings, TableOptions(80, snippets=True))
    assert text.splitlines() == [
        "a.yaml:1:1: error: unknown key",
        "a.yaml:1:13: error: unknown key",
        "  1 | optimizer: {type: SGD}",
        "    | ^^^^^^^^^ known: a, b",
        "    |             ^^^^",
        "a.yaml:4:28: error: unknown key",
        "a.yaml:4:13: error: unknown key",
        "  4 |   'a b': 1, ключ: \\u202ex, 模型: {lr_mul: 2}",
        '    |                                   ^^^^^^ did you mean "lr_mult"?',
        '    |             ^^^^ did you mean "lr_mult"?',
    ]


def test_what_has_no_place_has_its_hint_below() -> None:
    finding = Finding.error("no such thing", None, "another", ["import it"])
    assert (
        render_errors([finding], TableOptions(80, snippets=True)) == "error: no such thing\n  another\n    import it\n"
    )
