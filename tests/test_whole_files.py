"""A file is whole or untouched, and stays what it was: a link, its mode."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgaudit.whole_files import write_whole


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def umask() -> Iterator[None]:
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
@pytest.mark.parametrize(("private", "mode"), [(False, 0o640), (True, 0o600)])
def test_a_new_file(tmp_path: Path, private: bool, mode: int) -> None:
    path = tmp_path / ("€" * 85)  # as long as a name may be
    write_whole(path, ["one\n", "ü\n"], private=private)
    assert path.read_bytes() == "one\nü\n".encode()
    assert _mode(path) == mode
    assert os.listdir(tmp_path) == [path.name]


def test_an_old_file_keeps_its_mode_and_a_link_stays_one(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("before")
    path.chmod(0o604)
    link.symlink_to("file")
    write_whole(link, ["after"], private=True)
    assert (path.read_text(), _mode(path), link.is_symlink()) == ("after", 0o604, True)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_is_raised_meanwhile_leaves_all_as_it_was(tmp_path: Path, error: type[BaseException]) -> None:
    def pieces() -> Iterator[str]:
        yield "after" * 10_000
        raise error

    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(error):
        write_whole(path, pieces())
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["file"]


def test_links_that_lead_in_a_circle(tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(OSError, match="[Ss]ymbolic links"):
        write_whole(circle, ["text"])
    assert os.listdir(tmp_path) == ["circle"]
