"""Real clusters on this machine: the same results, byte for byte, and a worker that dies is one of them."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pgaudit import cli
from tests.sweep.models_on_disk import DIES, write

QUIET = 50


@contextmanager
def _dask() -> Iterator[list[str]]:
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=2, threads_per_worker=2, processes=True, dashboard_address=":0", silence_logs=QUIET
        ) as cluster,
    ):
        yield ["--scheduler", cluster.scheduler_address]


@contextmanager
def _ray() -> Iterator[list[str]]:
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2, "include_dashboard": False})
    try:
        yield ["--scheduler", cluster.address]
    finally:
        cluster.shutdown()


@contextmanager
def _spark() -> Iterator[list[str]]:
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        with SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate():
            yield []


CLUSTERS = {"dask": ("distributed", _dask), "ray": ("ray", _ray), "spark": ("joblibspark", _spark)}


@pytest.fixture(scope="module", params=CLUSTERS)
def cluster(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    """The options that name a cluster."""
    package, begin = CLUSTERS[request.param]
    pytest.importorskip(package)
    with begin() as address:
        yield "--backend", request.param, *address


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["sweep", "*.py:make", "a.yaml", "b.yaml", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_cluster_makes_no_difference(cluster: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    here = _run(capsys, "--jobs", "1", "--format", "jsonl", "-o", "here.jsonl")
    there = _run(capsys, *cluster, "--format", "jsonl", "-o", "there.jsonl")
    assert here == there
    assert here[0] == 2
    assert here[1].count("\n") == 10
    assert Path("here.jsonl").read_bytes() == Path("there.jsonl").read_bytes() == here[1].encode()


def test_a_worker_that_dies_stops_no_other(
    cluster: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "dies.py").write_text(DIES)
    for name in ("b_breaks.py", "c_exits.py", "d_loud.py"):
        (folder / name).unlink()
    code, out, err = _run(capsys, *cluster, "--jobs", "2", "--format", "csv")
    assert (code, err) == (2, "")
    rows = [(row["model"], row["problem"]) for row in csv.DictReader(out.splitlines())]
    problems = {"a_tiny": "", "dies": "the process that audited it has died", "e_plain": ""}
    assert rows == [(f"{name}.py:make", problem) for name, problem in problems.items() for _ in "ab"]


def test_nobody_says_where_the_scheduler_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = _run(capsys, "--backend", "dask")
    assert (code, out) == (2, "")
    assert "DASK_SCHEDULER_ADDRESS" in err
