"""Measures the claims and writes ``benchmarks/RESULTS.md``: ``python -m benchmarks.run [-k CLAIM] [-o FILE]``.

Each claim is measured in a process of its own, one after the other: nothing else should run meanwhile.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from benchmarks.figures import ORACLE, REPOSITORY, Figure, environment

CLAIMS = {
    "startup": "Start-up: whole processes",
    "deciding": "Deciding, with provenance",
    "live": "A model in memory",
    "growth": "Growth: time and memory",
    "commands": "Commands on a saved file: memory",
    "sweeping": "Sweeping what is known",
    "checkpoint": "A checkpoint of a run",
    "schedule": "The lr over time",
    "page": "The HTML report in a browser",
    "exploring": "The explorer",
}
RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("torch", "timm", "click", "rich", "PyYAML", "typer", "pydantic")


def main() -> int:
    """Runs all claims, or those whose name holds the word after ``-k``; only all of them are kept unasked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-k", default="", metavar="CLAIM", help=f"one of {', '.join(CLAIMS)}, or a part of it")
    parser.add_argument("-o", type=Path, metavar="FILE", help="where to write; all claims go to RESULTS.md")
    given = parser.parse_args()
    chosen = [claim for claim in CLAIMS if given.k in claim]
    if not chosen:
        parser.error(f"no claim is called {given.k!r}")
    measured = {claim: _measured(claim) for claim in chosen}
    text = "\n".join(_page(measured))
    print(text)
    target = given.o or (RESULTS if len(chosen) == len(CLAIMS) else None)
    if target is not None:
        target.write_text(text, encoding="utf-8")
    return 0


def _measured(claim: str) -> list[Figure]:
    print(f"measuring {claim} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", f"benchmarks.{claim}"]
    done = subprocess.run(command, env=environment(), cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, check=True)
    return [Figure(**each) for each in json.loads(done.stdout.splitlines()[-1])]


def _page(measured: dict[str, list[Figure]]) -> Iterator[str]:
    yield "# Measured claims"
    yield ""
    yield "Written by `make bench`. A figure is a ratio: ours over the rival's, both measured in the same run on the"
    yield "same machine. Seconds and microseconds are only there to tell what the ratio is made of."
    for claim, figures in measured.items():
        yield ""
        yield f"## {CLAIMS[claim]}"
        yield ""
        yield from _table(figures)
        yield ""
        for how in dict.fromkeys(figure.how for figure in figures):
            yield f"* {how}"
    yield ""
    yield "## Machine"
    yield ""
    yield from _machine()
    yield ""


def _table(figures: Sequence[Figure]) -> Iterator[str]:
    yield "| what | ours | rival | ratio | target | met |"
    yield "|---|---:|---:|---:|---:|---|"
    for figure in figures:
        ours = "–" if figure.ours is None else f"{_number(figure.ours)} {figure.unit}"
        ratio = "–" if figure.ratio is None else _number(figure.ratio)
        rival = f"{_number(figure.rival)} {figure.unit}: {figure.against}"
        yield f"| {figure.what} | {ours} | {rival} | {ratio} | ≤ {figure.target:g} | {figure.verdict} |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _machine() -> Iterator[str]:
    yield f"* {_cpu()}, {os.cpu_count()} cores, {platform.system()}"
    versions = [f"{name} {metadata.version(name)}" for name in PACKAGES]
    yield f"* Python {platform.python_version()}, {', '.join(versions)}, mmcv {_mmcv()}"
    yield f"* {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _mmcv() -> str:
    found = metadata.distributions(path=[str(ORACLE)])
    return next((each.version for each in found if each.name.lower().startswith("mmcv")), "not installed")


if __name__ == "__main__":
    sys.exit(main())
