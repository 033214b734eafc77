"""A real dask cluster on this machine: the same results, byte for byte, and a worker that dies is one of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from pgaudit import cli
from tests.sweep.models_on_disk import DIES, write

pytest.importorskip("distributed")
QUIET = 50


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=":0", silence_logs=QUIET
        ) as cluster,
    ):
        yield cluster.scheduler_address


@pytest.fixture(autouse=True)
def folder(scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["sweep", "*.py:make", "a.yaml", "b.yaml", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_cluster_makes_no_difference(scheduler: str, capsys: pytest.CaptureFixture[str]) -> None:
    here = _run(capsys, "--jobs", "1", "--format", "jsonl", "-o", "here.jsonl")
    there = _run(capsys, "--backend", "dask", "--scheduler", scheduler, "--format", "jsonl", "-o", "there.jsonl")
    assert here == there
    assert here[0] == 2
    assert here[1].count("\n") == 10
    assert Path("here.jsonl").read_bytes() == Path("there.jsonl").read_bytes() == here[1].encode()


def test_a_worker_that_dies_stops_no_other(scheduler: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "dies.py").write_text(DIES)
    for name in ("b_breaks.py", "c_exits.py", "d_loud.py"):
        (folder / name).unlink()
    code, out, _ = _run(capsys, "--backend", "dask", "--scheduler", scheduler, "--jobs", "2", "--format", "csv")
    assert code == 2
    rows = [(row["model"], row["problem"]) for row in csv.DictReader(out.splitlines())]
    problems = {"a_tiny": "", "dies": "the process that audited it has died", "e_plain": ""}
    assert rows == [(f"{name}.py:make", problem) for name, problem in problems.items() for _ in "ab"]


def test_nobody_says_where_the_scheduler_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "--backend", "dask")
    assert (code, out) == (2, "")
    assert "DASK_SCHEDULER_ADDRESS" in err
