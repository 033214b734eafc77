"""Tasks run wherever: the results are the same, and none that fails stops another."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.core.errors import UsageError
from pgaudit.sweep.plan import in_order, tasks_of
from pgaudit.sweep.policies import read_policies
from pgaudit.sweep.records import SweepResult, Task
from pgaudit.sweep.runner import run
from pgaudit.sweep.shards import Shard
from pgaudit.sweep.work import Work, perform
from pgaudit.workers.backends import open_pool, refuse_unfit
from tests.sweep.models_on_disk import DIES, FILES, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _swept(names: Iterable[str], jobs: int, backend: str = "loky") -> list[SweepResult]:
    policies = read_policies(["a.yaml", "b.yaml"])
    models = [f"{name}:make" if name.endswith(".py") else name for name in names]
    tasks = tasks_of(models, policies, Shard())
    with open_pool(backend, jobs, most=len(tasks)) as pool:
        found = [result for results in run(Work(policies), tasks, pool) for result in results]
    return in_order(tasks, found)


def test_processes_and_threads_make_no_difference_and_are_not_heard(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    alone = _swept(FILES, 1)
    assert _swept(FILES, 2, "threading") == alone
    capfd.readouterr()  # what a library in C writes here, the command line keeps off its streams
    assert _swept(FILES, 2) == alone
    assert capfd.readouterr() == ("", "")
    failed = {result.model: result.errors[0].message for result in alone if result.errors}
    assert failed == {
        "b_breaks.py:make": "b_breaks.py:make cannot be built: RuntimeError: broken",
        "c_exits.py:make": "c_exits.py:make cannot be built: SystemExit: bye",
    }
    tiny = alone[0]
    assert (tiny.parameters, tiny.numel, tiny.groups, tiny.decayed, tiny.decayed_numel) == (4, 10, 4, 2, 6)
    assert tiny.gravest is not None
    assert (tiny.gravest.code, [found.code for found in tiny.findings]) == ("PG007", ["PG007"])
    assert [found.code for found in alone[1].findings] == ["PG001", "PG007"]


def test_a_process_that_dies_is_a_result_and_costs_no_other(folder: Path) -> None:
    (folder / "dies.py").write_text(DIES)
    for name in ("a_tiny", "e_plain"):
        assert cli.main(["snapshot", f"{name}.py:make", "-o", f"{name}.json"]) == 0  # no process loads torch for these
    results = _swept(["a_tiny.json", "dies.py", "e_plain.json"], 2)
    assert [bool(result.errors) for result in results] == [False, False, True, True, False, False]
    assert results[2].errors[0].message == "the process that audited it has died"
    assert threading.active_count() < 20


def test_an_internal_error_is_a_result(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object, **__: object) -> Iterator[object]:
        yield ZeroDivisionError("oh")

    monkeypatch.setattr("pgaudit.sweep.work.audit_many", wrong)
    policies = read_policies(["a.yaml"])
    (result,) = perform(Work(policies), Task("a_tiny.py:make", ("a.yaml",)))
    assert result.errors[0].message == "internal error: ZeroDivisionError: oh"
    assert "ZeroDivisionError" in result.trace


def test_a_worker_of_another_version_is_refused() -> None:
    with pytest.raises(UsageError, match=r"has pgaudit .*, but the sweep is of 0\.0\.0"):
        perform(Work((), version="0.0.0"), Task("x", ()))


def test_files_are_named_from_where_the_sweep_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work = Work(read_policies(["a.yaml"]))
    (folder / "sub").mkdir()
    monkeypatch.chdir(folder / "sub")
    (result,) = perform(work, Task("a_tiny.py:make", ("a.yaml",)))
    assert not result.errors
    assert Path.cwd() == folder / "sub"


@pytest.mark.parametrize(
    ("backend", "scheduler", "says"),
    [
        ("dsk", None, 'did you mean "dask"'),
        ("multiprocessing", None, "waits for ever"),
        ("loky", "tcp://x:1", "has no scheduler"),
    ],
)
def test_backends_that_cannot_be_used(backend: str, scheduler: str | None, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        refuse_unfit(backend, scheduler)
    assert says in str(raised.value)


def test_a_backend_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgaudit.workers.backends.find_spec", lambda package: None)
    with pytest.raises(UsageError, match="needs the package ray") as raised:
        refuse_unfit("ray", None)
    assert "pip install ray" in str(raised.value)


def test_an_interrupted_sweep_leaves_no_process_behind(folder: Path) -> None:
    from multiprocessing import active_children

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        _interrupted()
    assert time.monotonic() - began < 60
    assert not active_children()


def _interrupted() -> None:
    policies = read_policies(["a.yaml"])
    tasks = tasks_of(["a_tiny.py:make", "e_plain.py:make", "d_loud.py:make"], policies, Shard())
    with open_pool("loky", 2, most=9) as pool:
        for _ in run(Work(policies), tasks, pool):
            raise KeyboardInterrupt
