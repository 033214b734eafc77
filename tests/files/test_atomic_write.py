"""A file is whole or untouched, and stays what it was: a link, its mode."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgaudit.files.atomic_write import write_whole

REPOSITORY = Path(__file__).parents[1]


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


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_file_that_its_owner_has_locked_stays() -> None:
    code = (
        "import os, sys; from pathlib import Path; from pgaudit.files.atomic_write import write_whole\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"  # modes do not hold root back
        "write_whole(Path(sys.argv[1]), ['new'])"
    )
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders are root's alone, then
        os.chmod(folder, 0o777)
        path = Path(folder, "a")
        path.write_text("old")
        path.chmod(0o444)
        done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True)
        assert (path.read_text(), os.listdir(folder)) == ("old", ["a"])
    assert "PermissionError: [Errno 13] Permission denied" in done.stderr


def test_links_that_lead_in_a_circle(tmp_path: Path) -> None:
    circle = tmp_path / "circle"
    circle.symlink_to(circle)
    with pytest.raises(OSError, match="[Ss]ymbolic links"):
        write_whole(circle, ["text"])
    assert os.listdir(tmp_path) == ["circle"]


WRITER = """
import os, signal, sys
from pathlib import Path
from pgaudit.files.atomic_write import write_whole
def pieces():
    yield "half"
    print("writing", flush=True)
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGKILL)
write_whole(Path("file"), pieces())
"""


def test_what_a_killed_run_has_left_is_cleared_by_the_next_but_not_what_another_is_writing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    (tmp_path / ".part-of-somebody-else").touch()
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run = [sys.executable, "-c", WRITER]
    with subprocess.Popen(run, cwd=tmp_path, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"writing\n"
        write_whole(path, ["meanwhile"])
        assert len(os.listdir(tmp_path)) == 3  # the other one's is there still
        process.communicate()
    assert path.read_text() == "meanwhile"
    write_whole(tmp_path / "other", ["text"])
    assert len(os.listdir(tmp_path)) == 4  # a leftover is of one file
    write_whole(path, ["after"])
    assert path.read_text() == "after"
    assert sorted(os.listdir(tmp_path)) == [".part-of-somebody-else", "file", "other"]


def test_the_text_is_on_the_disk_before_its_name_is_and_the_name_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, os.replace

    def synced(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def replaced(old: str, new: Path) -> None:
        assert Path(old).read_text() == "text"
        steps.append("name")
        replace(old, new)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    write_whole(tmp_path / "file", ["text"])
    assert steps == ["file", "name", "folder"]


def test_a_full_disk_leaves_all_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    path = tmp_path / "file"
    path.write_text("before")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, ["after"])
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["file"]
