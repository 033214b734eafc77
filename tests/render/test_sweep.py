"""Tables of sweeps: nothing is lost, whatever the width, and a thousand models stay readable."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pgaudit.core.findings import Finding, Severity, gravity
from pgaudit.core.location import Location
from pgaudit.render.choices import SweepFormat, SweepSort
from pgaudit.render.style import ASCII, UNICODE
from pgaudit.render.sweep import View, render_sweep
from pgaudit.render.sweep.view import SHOWN, section
from pgaudit.render.terminal import TableOptions
from pgaudit.sweep.lines import Identity
from pgaudit.sweep.records import CodeCount, SweepResult

IDENTITY = Identity("1.0", {}, {"a.yaml": "mmcv", "b.yaml": "mmcv"}, {"a.yaml": "1", "b.yaml": "2"})
VIEW = View(("a.yaml",))
SEVERITIES: dict[str, Severity] = {"PG001": "warning", "PG007": "info", "PG011": "error"}


def _found(code: str, message: str, line: int, hits: int, findings: int = 2) -> CodeCount:
    worst = Finding(code, "name", SEVERITIES[code], message, None, Location("a.yaml", line, 1))
    return CodeCount(findings, hits, worst, hits)


def _result(model: str, *codes: str, line: int = 3, hits: int = 1, config: str = "a.yaml") -> SweepResult:
    found = tuple(_found(code, f"of {model}", line, hits) for code in codes)
    return SweepResult(model, config, 100, 1000, 10, 50, 900, found, "timm 1")


def _failed(model: str, why: str, config: str = "a.yaml") -> SweepResult:
    return SweepResult(model, config, errors=(Finding.error(why, hint="fix it"),))


def _table(results: list[SweepResult], view: View = VIEW, options: TableOptions = TableOptions()) -> str:  # noqa: B008
    return render_sweep(results, IDENTITY, "table", view, options)


RESULTS = st.lists(
    st.builds(
        lambda codes, line, hits: (sorted(codes), line, hits),
        st.sets(st.sampled_from(sorted(SEVERITIES))),
        st.integers(1, 5),
        st.integers(1, 5),
    ),
    max_size=80,
).map(
    lambda drawn: [
        _result(f"m{number}", *codes, line=line, hits=hits) for number, (codes, line, hits) in enumerate(drawn)
    ]
)


@given(RESULTS, st.booleans())
def test_every_model_with_findings_is_shown_or_counted(results: list[SweepResult], every: bool) -> None:
    of = section("a.yaml", results, View(("a.yaml",), every=every))
    groups, unseen = of.groups, of.unseen
    assert sum(len(group.results) for group in groups) + unseen == sum(bool(result.findings) for result in results)
    shown = [result for group in groups for result in group.results[: group.shown]]
    assert all(group.shown >= 1 for group in groups)
    assert len(set(shown)) == len(shown)
    assert len(shown) <= (len(results) if every else 2 * SHOWN)
    gravities = [gravity(group.results[0].severity) for group in groups]
    assert gravities == sorted(gravities, reverse=True)
    for group in groups:
        hits = [result.gravest.worst_parameters for result in group.results if result.gravest]
        assert hits == sorted(hits, reverse=True)
        assert group.hidden != 1  # a line that says "1 more" is as long as what it hides
    if every:
        assert not unseen
        assert not any(group.hidden for group in groups)


@given(RESULTS, st.sampled_from(get_args(SweepSort)), st.booleans(), st.sampled_from([20, 40, 60, 80, 200, None]))
def test_a_table_fits_and_loses_no_name(
    results: list[SweepResult], sort: SweepSort, every: bool, width: int | None
) -> None:
    text = _table(results, View(("a.yaml",), sort, every), TableOptions(width))
    if width and width >= 60:
        assert max(map(cell_len, text.splitlines())) <= width
    names = re.findall(r"^m\d+", text, re.MULTILINE)
    assert len(set(names)) == len(names)
    if every:
        assert set(names) == {result.model for result in results}


def test_a_thousand_models_are_a_page() -> None:
    results = [_result(f"vit_{number}", "PG001", "PG007", hits=number) for number in range(1371)]
    text = _table(results)
    assert "and 1,341 models like these" in text
    assert "of vit_1370" in text
    assert len(text.splitlines()) < 45


def test_models_without_findings_are_quiet() -> None:
    results = [_result("good"), _result("bad", "PG011")]
    assert "good" not in _table(results)
    assert "1 without findings" in _table(results)
    assert "good" in _table(results, View(("a.yaml",), every=True))


def test_what_is_found_everywhere_is_said_once() -> None:
    of_config = _found("PG011", "an unknown option", 2, 0, findings=1)
    results = [_result(f"m{number}", "PG001") for number in range(3)] + [_result("good")]
    results = [replace(result, findings=(*result.findings, of_config)) for result in results]
    text = _table(results)
    assert text.count("an unknown option") == 1
    assert text.index("in every model") < text.index("an unknown option") < text.index("m0")
    assert "1 model with nothing else" in text
    rows = [line for line in text.splitlines() if line.startswith("m") and "PG001" in line]
    assert len(rows) == 3
    assert not any("PG011" in row for row in rows)
    assert "an unknown option" in _table(results[:1])


def test_failures_are_told_once_a_reason() -> None:
    results = [_failed(f"m{number}", "no torchvision") for number in range(9)] + [_failed("x", "other")]
    text = _table(results)
    assert text.count("no torchvision") == 1
    assert "m0, m1, m2, m3, m4, m5 and 3 more" in text
    assert "10 models could not be audited" in text
    assert "m8" in _table(results, View(("a.yaml",), every=True))


def test_several_configs_are_compared() -> None:
    results = [_result("m", "PG011"), _result("m", config="b.yaml"), _failed("n", "no"), _failed("n", "no", "b.yaml")]
    text = _table(results, View(("a.yaml", "b.yaml")))
    assert "1 model could not be audited" in text
    rows = [line.split() for line in text.splitlines()[-2:]]
    assert rows == [["a.yaml", "0", "0", "0", "1", "1"], ["b.yaml", "1", "0", "0", "0", "1"]]


@pytest.mark.parametrize("fmt", get_args(SweepFormat))
def test_hostile_names_are_harmless(fmt: SweepFormat) -> None:
    evil = "m\x1b[31m\n|`<b>\u202e.py:x"
    results = [_result(evil, "PG011"), _failed(evil + "2", evil)]
    text = render_sweep(results, IDENTITY, fmt, VIEW, TableOptions())
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "<b>" not in text or fmt != "markdown" or "`" in text


def test_without_the_encoding_for_marks() -> None:
    results = [_result("m", "PG001"), _failed("n", "no")]
    assert "×" in _table(results, options=TableOptions(marks=UNICODE))
    assert _table(results, options=TableOptions(marks=ASCII)).isascii()


def test_colours_only_where_wanted() -> None:
    results = [_result("m", "PG011")]
    assert "\x1b[1;31m" in _table(results, options=TableOptions(colour=True))
    assert "\x1b" not in _table(results)


def test_nothing_at_all() -> None:
    assert _table([]) == "a.yaml · 0 models · 0 without findings\n"
