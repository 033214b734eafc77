"""A name of a file, or a glob."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgaudit.files.globbing import matching_files


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.yaml", None),
        ("no.yaml", None),
        ("[x].yaml", None),  # there is one of that name
        ("*.yaml", ["[x].yaml", "a.yaml", "b.yaml"]),
        ("**/*.yaml", ["[x].yaml", "a.yaml", "b.yaml", "below/c.yaml"]),
        ("./b.y*", ["b.yaml"]),
        ("z*", []),
        ("below*", []),  # a folder is no file
    ],
)
def test_matching_files(name: str, expected: list[str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("below").mkdir()
    for file in ("a.yaml", "b.yaml", "[x].yaml", "below/c.yaml", "c.txt"):
        Path(file).write_text("")
    assert matching_files(name) == expected
