"""The table: never a cut name, never a lost mark, whatever the width, the colours and the encoding."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from pgaudit.render.report.svg import render_svg
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.style import ASCII, marks_for
from pgaudit.render.styled import broken
from pgaudit.render.terminal import TableOptions
from tests.render.reports import everything, hostile

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def _table(**options: object) -> str:
    selection = options.pop("selection", Selection())
    assert isinstance(selection, Selection)
    return "".join(render_table(everything(), selection, TableOptions(**options)))  # type: ignore[arg-type]


def test_everything_at_once() -> None:
    assert (
        _table()
        == """\
Wrapper · Net · module · 19 tensors · 286 parameters · 1 frozen
mmcv · SGD lr 0.1 · weight_decay 1e-4 · momentum 0.9

parameter               shape      lr     decay  decided by
token                   1×4        0.1    1e-4   default
stem.weight             4×3×3×3    0.1    1e-4   ❄ frozen
stem.bias               4        ▲ 0.2    1e-4   bias_lr_mult
blocks.0.dwconv.weight  4×1×3×3    0.1  ▼ 5e-5   dwconv_decay_mult
blocks.0.dwconv.bias    4        ▲ 0.2  ▼ 5e-5   lr bias_lr_mult · wd dwconv_decay_mult
blocks.0.bn1.weight     4          0.1  ▼ 0      norm_decay_mult
blocks.0.bn1.bias       4          0.1  ▼ 0      norm_decay_mult
blocks.1.dwconv.weight  4×1×3×3    0.1  ▼ 5e-5   dwconv_decay_mult
blocks.1.dwconv.bias    4        ▲ 0.2  ▼ 5e-5   lr bias_lr_mult · wd dwconv_decay_mult
blocks.1.bn1.weight     4          0.1  ▼ 0      norm_decay_mult
blocks.1.bn1.bias       4          0.1  ▼ 0      norm_decay_mult
blocks.2.dwconv.weight  4×1×3×3    0.1  ▼ 5e-5   dwconv_decay_mult
blocks.2.dwconv.bias    4        ▲ 0.2  ▼ 5e-5   lr bias_lr_mult · wd dwconv_decay_mult
blocks.2.bn1.weight     4          0.1  ▼ 0      norm_decay_mult
blocks.2.bn1.bias       4          0.1  ▼ 0      norm_decay_mult
head.weight             4×4      ▲ 1      1e-4   "head"
  = head_twin.weight
head.bias               4        ▲ 1      1e-4   "head"
sibling.weight          2×2      ✕ –    ✕ –      ✕ not in the optimizer
sibling.bias            2        ✕ –    ✕ –      ✕ not in the optimizer

decided by              tensors        parameters
dwconv_decay_mult             6  ███▏         120  ████▎
norm_decay_mult               6  ███▏          24  ▉
bias_lr_mult                  4  ██▏           16  ▌
"head"                        2  █             20  ▊
default                       1  ▌              4  ▏
frozen                        1  ▌            108  ███▊
✕ not in the optimizer        2  █              6  ▎

PG010 frozen-or-missing [warning]  1 frozen tensor is in the optimizer at the base values: stem.weight
  unfrozen later, they train without their rules
PG010 frozen-or-missing [warning]  2 trainable tensors are in no group, and never optimized: sibling.weight, sibling.bias
  the constructor `mmcv` takes the attribute `module` for the whole model: rename it
PG011 unknown-option [error]  mmcv has no option "wd_mult" in paramwise_cfg, and ignores it
  did you mean "norm_decay_mult"?
1 error, 2 warnings, 1 info (-v). pgaudit finding PG011 says what that means
"""  # noqa: E501
    )


def test_folded_at_sixty_columns() -> None:
    assert (
        _table(fold=True, width=60)
        == """\
Wrapper · Net · module · 19 tensors · 286 parameters
  1 frozen
mmcv · SGD lr 0.1 · weight_decay 1e-4 · momentum 0.9

parameter                        ×    lr     decay  by
token                            1    0.1    1e-4
stem.weight                      1    0.1    1e-4   6
stem.bias                        1  ▲ 0.2    1e-4   3
blocks.{0..2}.dwconv.weight      3    0.1  ▼ 5e-5   1
blocks.{0..2}.dwconv.bias        3  ▲ 0.2  ▼ 5e-5   3·1
blocks.{0..2}.bn1.{weight,bias}  6    0.1  ▼ 0      2
head.{weight,bias}               2  ▲ 1      1e-4   4
  1 of them has other names, too
sibling.{weight,bias}            2  ✕ –    ✕ –      ✕

decided by              tensors  parameters
1 dwconv_decay_mult           6         120
2 norm_decay_mult             6          24
3 bias_lr_mult                4          16
4 "head"                      2          20
  default                     1           4
6 frozen                      1         108
✕ not in the optimizer        2           6

PG010 frozen-or-missing [warning]  1 frozen tensor is in the
      optimizer at the base values: stem.weight
  unfrozen later, they train without their rules
PG010 frozen-or-missing [warning]  2 trainable tensors are
      in no group, and never optimized: sibling.weight,
      sibling.bias
  the constructor `mmcv` takes the attribute `module` for
      the whole model: rename it
PG011 unknown-option [error]  mmcv has no option "wd_mult"
      in paramwise_cfg, and ignores it
  did you mean "norm_decay_mult"?
1 error, 2 warnings, 1 info (-v). pgaudit finding PG011 says
      what that means
"""
    )


@pytest.mark.parametrize("width", [None, 200, 80, 60])
@pytest.mark.parametrize("fold", [False, True])
def test_names_stand_on_one_line_as_long_as_they_can(width: int | None, fold: bool) -> None:
    lines = [line.partition("  ")[0] for line in _table(width=width, fold=fold).split("\n")]
    names = ["blocks.{0..2}.bn1.{weight,bias}"] if fold else [row.name for row in everything().params]
    for name in names:
        assert name in lines


@pytest.mark.parametrize("width", [40, 30, 20])
def test_on_the_narrowest_terminal_every_part_of_every_name_is_there(width: int) -> None:
    text = _table(width=width)
    for row in everything().params:
        assert all(segment in text for segment in row.name.split("."))
        assert sum(line.startswith(row.name.partition(".")[0]) for line in text.split("\n")) > 0


SEGMENTS = ["a", "weight", "{0..11}", "{weight,bias}", "long_segment_of_a_name", "{1,3,1000..1999,2001,2003}"]


@given(st.lists(st.sampled_from(SEGMENTS), min_size=1))
def test_a_name_breaks_after_dots_only_and_loses_nothing(segments: list[str]) -> None:
    name = ".".join(segments)
    for width in (5, 12, 30):
        lines = broken(name, width)
        assert "".join(line.strip() for line in lines) == name
        assert all(line.endswith((".", ",")) for line in lines[:-1])
        for line in lines:
            parts = [part for part in re.split(r"(?<=[^.]\.)(?=[^.])|(?<=,)", line.strip()) if part]
            assert len(line) <= width or len(parts) == 1


@pytest.mark.parametrize("width", [200, 120, 100, 80])
def test_lines_fit_the_terminal(width: int) -> None:
    for fold in (False, True):
        rows = _table(width=width, fold=fold).split("\n")
        assert max(map(cell_len, rows)) <= width


def test_without_colour_no_mark_is_lost() -> None:
    plain, coloured = _table(), _table(colour=True)
    assert "\x1b" not in plain
    stripped = [line.rstrip() for line in ANSI.sub("", coloured).split("\n")]
    assert stripped == [line.rstrip() for line in plain.split("\n")]


def test_ascii_has_marks_of_its_own() -> None:
    text = _table(marks=marks_for("ascii"), fold=True, mult=True, groups=True)
    assert marks_for("latin-1") is ASCII
    assert text.isascii()
    assert "^ 0.2 (x2)" in text
    assert "v 5e-5 (x0.5)" in text


def test_hostile_names_are_shown_and_not_obeyed() -> None:
    for fold in (False, True):
        text = "".join(render_table(hostile(), Selection(), TableOptions(fold=fold)))
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert r"a[bold]\x1b[31m|`\u202e:warning:,\"\n<b>".replace('\\"', '"') in text
        assert all(char.isprintable() or char == "\n" for char in text)


def test_headings_count_what_is_below_them() -> None:
    text = _table(selection=Selection(group_by="module"))
    assert "blocks · 12 tensors in 12 groups" in text
    text = _table(selection=Selection(group_by="group"))
    assert "lr 0.2 · decay 5e-5 · 3 tensors in 3 groups" in text
    assert "in no group · 2 tensors in 0 groups" in text
    text = _table(selection=Selection(group_by="rule"))
    assert 'custom_keys "head" · 2 tensors' in text


def test_what_is_hidden_is_said() -> None:
    text = _table(selection=Selection(filters=("head",)))
    assert "17 tensors not shown" in text
    assert "every parameter has the base values" in _table(selection=Selection(filters=("token",), changed=True))


def test_sorting() -> None:
    lines = _table(selection=Selection(sort="lr")).split("\n")
    assert lines[4].startswith("head.weight")
    lines = _table(selection=Selection(sort="numel")).split("\n")
    assert lines[4].startswith("stem.weight")


def test_a_picture_names_no_other_host_and_holds_every_row() -> None:
    picture = render_svg(everything(), Selection(), TableOptions(fold=True))
    assert "url(http" not in picture
    assert "@font-face" not in picture
    words = re.sub(r"&#160;|\s", "", re.sub(r"<[^>]+>", "", picture))
    assert "blocks.{0..2}.dwconv.weight" in words


@pytest.mark.parametrize("colour", [False, True])
def test_pieces_make_no_difference(colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    selection, whole = Selection(group_by="rule"), []
    for at_a_time in (1_000, 3, 1):
        monkeypatch.setattr("pgaudit.render.terminal._AT_A_TIME", at_a_time)
        pieces = list(render_table(everything(), selection, TableOptions(colour=colour, groups=True)))
        whole.append("".join(pieces))
    assert len(pieces) > len(everything().params)
    assert len(set(whole)) == 1
