"""The page of a diff says what its JSON says, and shows both texts with what changed."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pgaudit
from pgaudit.diff import Diff, compare
from pgaudit.render.diff import html
from pgaudit.render.diff.data import render_diff_json
from pgaudit.render.diff.html import render_diff_html
from pgaudit.render.html.compared import pairs
from pgaudit.text import visible
from tests.render.html.window import needs_chromium, opened
from tests.render.html.written import FINETUNE, breaking, cards_of, finetune
from tests.render.reports import everything, hostile

MENDED = FINETUNE.with_name("finetune_mended.yaml")


def mended() -> Diff:
    """The mistakes of a config, and the same config without them."""
    return compare(finetune(), pgaudit.audit("vit_base_patch16_224", MENDED))


def test_it_says_the_numbers_of_the_json() -> None:
    diff = mended()
    counts = json.loads(render_diff_json(diff))["counts"]
    text = render_diff_html(diff)
    cards = cards_of(text)
    assert cards["tensors changed"] == str(counts["changed"])
    assert cards["unchanged"] == str(counts["unchanged"])
    assert cards["training"] == "differs"
    listed = [int(each) for each in re.findall(r'</th>\s*<td class="figure amount">([\d,]+)<', text)]
    assert sum(listed) == counts["changed"]


def test_lines_that_changed_are_marked_and_all_lines_stand_there() -> None:
    before, after = (path.read_text().splitlines() for path in (FINETUNE, MENDED))
    found = pairs(before, after)
    assert [each.old for each in found if each.before] == before
    assert [each.new for each in found if each.after] == after
    assert all(each.changed == (each.old != each.new) for each in found)
    text = render_diff_html(mended())
    assert text.count('<td class="line-text gone">') == sum(each.changed and each.before is not None for each in found)


@given(*[st.lists(st.sampled_from("abcd"), max_size=300)] * 2)
def test_random_texts_lose_no_changed_line(one: list[str], other: list[str]) -> None:
    found = [each for each in pairs(one, other) if not each.is_gap]
    for each in found:
        assert not each.before or one[each.before - 1] == each.old
        assert not each.after or other[each.after - 1] == each.new
    gone = set(range(1, len(one) + 1)) - {each.before for each in found}
    came = set(range(1, len(other) + 1)) - {each.after for each in found}
    assert [one[place - 1] for place in sorted(gone)] == [other[place - 1] for place in sorted(came)]


def test_of_many_changes_the_first_are_shown_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MOST", 10)
    diff = mended()
    text = render_diff_html(diff, fold=False)
    assert text.count('<td class="mark"') == 10
    assert f"and {len(diff.changes) - 10} more lines" in text
    assert "more lines" not in render_diff_html(diff)


def test_equal_sides_say_so_and_no_text_is_shown() -> None:
    text = render_diff_html(compare(finetune(), finetune()))
    assert "no difference" in text
    assert 'id="configs"' not in text


def test_no_file_is_read_because_a_saved_report_names_it(tmp_path: Path) -> None:
    from pgaudit import cli

    saved = tmp_path / "a.json"
    assert cli.main(["show", "vit_base_patch16_224", str(FINETUNE), "-o", str(saved)]) == 0
    page = tmp_path / "diff.html"
    assert cli.main(["diff", str(saved), str(MENDED), "-m", "vit_base_patch16_224", "-o", str(page)]) == 0
    text = page.read_text(encoding="utf-8")
    assert "bias_decay_mult" in text
    assert "custom_keys:" not in text


def test_the_same_diff_is_the_same_bytes() -> None:
    text = render_diff_html(mended())
    assert text == render_diff_html(mended())
    assert str(Path.cwd()) not in text


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [800, 1200, 1600])
def test_in_a_browser_it_is_quiet_at_every_width(tmp_path: Path, scheme: str, width: int) -> None:
    size = {"width": width, "height": 900}
    with opened(render_diff_html(mended()), tmp_path, color_scheme=scheme, viewport=size) as window:
        window.assert_quiet()
        assert "▼ 0.1" in window.text("#changes")


@pytest.mark.slow
@needs_chromium
def test_hostile_names_run_nothing(tmp_path: Path) -> None:
    diff = compare(breaking(tmp_path), hostile())
    with opened(render_diff_html(diff), tmp_path) as window:
        window.assert_quiet()
        assert all(visible(each.param.name) in window.text("#changes").replace("\n", "") for each in diff.effective)
    with opened(render_diff_html(compare(everything(), hostile())), tmp_path, java_script_enabled=False) as window:
        window.assert_quiet()
