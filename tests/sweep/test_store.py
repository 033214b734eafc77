"""The file that keeps results: what is taken from it, and what is refused."""

from __future__ import annotations

import contextlib
import resource
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pgaudit.core.errors import UsageError
from pgaudit.sweep.lines import Identity, line
from pgaudit.sweep.plan import in_order, left
from pgaudit.sweep.records import SweepResult, Task
from pgaudit.sweep.store import Store

IDENTITY = Identity("1.0", {}, {"a": "mmcv", "b": "mmcv"}, {"a": "11", "b": "22"})
TASKS = [Task(model, ("a", "b")) for model in ("x", "y", "z")]
ALL = [SweepResult(task.model, config, parameters=3) for task in TASKS for config in task.configs]


def _open(
    path: Path, identity: Identity = IDENTITY, tasks: list[Task] = TASKS, *, restart: bool = False
) -> list[SweepResult]:
    with Store(path, identity) as store:
        return store.open(tasks, restart=restart)


def _text(*results: SweepResult) -> bytes:
    return "".join(line(result, IDENTITY) for result in results).encode()


@pytest.mark.parametrize("kept", range(7))
@pytest.mark.parametrize("torn", [b"", b"{", b'{"schema_version": 1, "model": "x", ', b"\xff"])
def test_whatever_is_left_of_a_file_the_end_is_the_same(tmp_path: Path, kept: int, torn: bytes) -> None:
    if not kept and torn == b"\xff":
        torn = b""  # alone, it may be anybody's
    path = tmp_path / "r.jsonl"
    path.write_bytes(_text(*ALL[::-1][:kept]) + torn)
    with Store(path, IDENTITY) as store:
        done = store.open(TASKS, restart=False)
        assert done == ALL[::-1][:kept]
        for task in left(TASKS, done):
            found = [SweepResult(task.model, config, parameters=3) for config in task.configs]
            store.add(found)
            done += found
        assert sorted(path.read_bytes().splitlines()) == sorted(_text(*ALL).splitlines())
        store.finish(in_order(TASKS, done))
    assert path.read_bytes() == _text(*ALL)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (replace(IDENTITY, version="2.0"), "it is by pgaudit 1.0, and this is pgaudit 2.0"),
        (replace(IDENTITY, model_args={"n": 1}), '--model-arg are {}, and here they are {"n": 1}'),
        (replace(IDENTITY, constructors={"a": "timm", "b": "mmcv"}), "under a its constructor is mmcv"),
        (replace(IDENTITY, digests={"a": "33", "b": "22"}), "a has changed since"),
        (replace(IDENTITY, digests={"b": "22"}), 'it has the config "a"'),
    ],
)
def test_another_sweep_says_what_differs(tmp_path: Path, other: Identity, says: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(_text(*ALL))
    with pytest.raises(UsageError) as raised:
        _open(path, other)
    assert says in str(raised.value)
    assert "--restart" in str(raised.value)
    assert path.read_bytes() == _text(*ALL)
    assert _open(path, other, restart=True) == []
    assert path.read_bytes() == _text(*ALL)


def test_fewer_models_are_another_sweep_but_more_are_not(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(_text(*ALL[:4]))
    with pytest.raises(UsageError, match="it has y"):
        _open(path, tasks=TASKS[:1])
    assert _open(path, tasks=TASKS) == ALL[:4]


@pytest.mark.parametrize("text", [b"optimizer: {}\n", b"[]\n", b"{}\n", b"null\n", b"\n", b"[" * 100_000 + b"\n"])
def test_a_file_of_something_else_is_refused(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text)
    with pytest.raises(UsageError, match=r"mine\.yaml:1 is no result"):
        _open(path)
    assert path.read_bytes() == text


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("text", [b"\xff", b"a note without a line's end", b'{"mine": 1}', b"def make(): ...\n" * 9])
def test_what_does_not_begin_as_results_do_is_never_lost(tmp_path: Path, text: bytes, restart: bool) -> None:
    path = tmp_path / "mine"
    path.write_bytes(text)
    with pytest.raises(UsageError, match="no result"):
        _open(path, restart=restart)
    assert path.read_bytes() == text
    assert [*tmp_path.iterdir()] == [path]


def test_nothing_is_written_through_a_link_that_somebody_has_laid(tmp_path: Path) -> None:
    path, other = tmp_path / "r.jsonl", tmp_path / "other"
    path.write_bytes(_text(*ALL))
    other.write_text("mine")
    (tmp_path / "r.jsonl.part").symlink_to("other")
    with pytest.raises(UsageError, match="is a link"):
        _open(path, restart=True)
    assert other.read_text() == "mine"


def test_two_sweeps_do_not_write_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with Store(path, IDENTITY) as store:
        store.open(TASKS, restart=False)
        with pytest.raises(UsageError, match="another sweep is writing"):
            _open(path, restart=True)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it is no file"):
        _open(tmp_path)
    with pytest.raises(UsageError, match="cannot write"):
        _open(tmp_path / "no" / "r.jsonl")


OLD_RESULTS = [replace(result, parameters=4) for result in ALL]
OLD = _text(*OLD_RESULTS)


def test_a_sweep_that_begins_anew_keeps_the_old_results_until_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(OLD)
    with Store(path, IDENTITY) as store:
        assert store.open(TASKS, restart=True) == []
        store.add(ALL[::-1])
        assert path.read_bytes() == OLD
        store.finish(ALL)
    assert path.read_bytes() == _text(*ALL)
    assert list(tmp_path.iterdir()) == [path]


def test_one_that_did_not_end_is_continued_unless_it_is_another(tmp_path: Path) -> None:
    path, link = tmp_path / "r.jsonl", tmp_path / "link"
    path.write_bytes(OLD)
    link.symlink_to("r.jsonl")
    with Store(link, IDENTITY) as store:
        store.open(TASKS, restart=True)
        store.add(ALL[:2])
    part = tmp_path / "r.jsonl.part"
    part.write_bytes(part.read_bytes() + b'{"torn')
    with pytest.raises(UsageError, match="holds another sweep"):
        _open(link, replace(IDENTITY, version="2.0"))
    assert path.read_bytes() == OLD
    assert _open(link) == ALL[:2]
    assert path.read_bytes() == _text(*ALL[:2])
    assert sorted(tmp_path.iterdir()) == [link, path]
    assert link.is_symlink()


def test_with_the_results_goes_what_did_not_end(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with Store(path, IDENTITY) as store:
        store.open(TASKS, restart=True)
        store.add(ALL[:2])
    path.unlink()
    assert _open(path) == []


@contextlib.contextmanager
def _no_file_larger_than(size: int) -> Iterator[None]:
    """To a process, this is what a full disk is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("restart", [True, False])
@pytest.mark.parametrize("room", range(0, 3 * len(_text(ALL[0])), 100))
def test_where_nothing_more_can_be_written_all_results_stay(tmp_path: Path, restart: bool, room: int) -> None:
    path = tmp_path / "r.jsonl"
    before = OLD if restart else _text(ALL[0])
    path.write_bytes(before)
    added: list[SweepResult] = []
    with Store(path, IDENTITY) as store:
        store.open(TASKS, restart=restart)
        with _no_file_larger_than(room + (0 if restart else len(before))):
            for result in ALL[1:]:
                try:
                    store.add([result])
                except UsageError as error:
                    assert "too large" in str(error)
                    break
                added.append(result)
    assert len(added) < len(ALL) - 1
    assert path.read_bytes() == (before if restart else before + _text(*added))
    kept = (added or OLD_RESULTS) if restart else ALL[:1] + added
    assert _open(path) == kept


def test_a_finished_sweep_that_cannot_be_put_in_order_keeps_its_results(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(_text(*ALL[::-1]))
    with Store(path, IDENTITY) as store:
        found = store.open(TASKS, restart=False)
        with _no_file_larger_than(100), pytest.raises(UsageError, match="too large"):
            store.finish(found[::-1])
    assert path.read_bytes() == _text(*ALL[::-1])
    assert list(tmp_path.iterdir()) == [path]
