"""The file that keeps results: what is taken from it, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pgaudit.errors import UsageError
from pgaudit.sweep.lines import Identity, line
from pgaudit.sweep.plan import in_order, left
from pgaudit.sweep.records import Result, Task
from pgaudit.sweep.store import Store

IDENTITY = Identity("1.0", {}, {"a": "mmcv", "b": "mmcv"}, {"a": "11", "b": "22"})
TASKS = [Task(model, ("a", "b")) for model in ("x", "y", "z")]
ALL = [Result(task.model, config, parameters=3) for task in TASKS for config in task.configs]


def _open(
    path: Path, identity: Identity = IDENTITY, tasks: list[Task] = TASKS, *, restart: bool = False
) -> list[Result]:
    with Store(path, identity) as store:
        return store.open(tasks, restart=restart)


def _text(*results: Result) -> bytes:
    return "".join(line(result, IDENTITY) for result in results).encode()


@pytest.mark.parametrize("kept", range(7))
@pytest.mark.parametrize("torn", [b"", b"{", b'{"schema_version": 1, "model": "x", ', b"\xff"])
def test_whatever_is_left_of_a_file_the_end_is_the_same(tmp_path: Path, kept: int, torn: bytes) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(_text(*ALL[::-1][:kept]) + torn)
    with Store(path, IDENTITY) as store:
        done = store.open(TASKS, restart=False)
        assert done == ALL[::-1][:kept]
        for task in left(TASKS, done):
            found = [Result(task.model, config, parameters=3) for config in task.configs]
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
    assert path.read_bytes() == b""


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
