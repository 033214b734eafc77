"""The page of a resumption says what its JSON says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from pgaudit import cli
from pgaudit.render.html.resume import render_resume_html
from pgaudit.render.pages.resume import render_json
from pgaudit.resume import GroupValue, Mismatch, Override, ResumedGroup, Resumption
from tests.render.html.window import needs_chromium, opened
from tests.render.html.written import BREAKOUT
from tests.render.reports import HOSTILE
from tests.resume.runs import resumed, saved, stepped


def replaced(folder: Path) -> Resumption:
    """A run whose lr and weight decay are others by now."""
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    before = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    stepped(before)
    path = saved(folder / "last.pt", before)
    return resumed(path, model, torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.1))


def hostile() -> Resumption:
    """Every text wants to be markup."""
    wrong = (Mismatch(BREAKOUT, (BREAKOUT, "b", "c"), BREAKOUT), Mismatch("it raises", (), BREAKOUT, refused=True))
    values = (Override(BREAKOUT, BREAKOUT, BREAKOUT, None), Override("b", "lr", 0.1, 0.2))
    held = dict.fromkeys(("lr", "weight_decay", BREAKOUT), GroupValue(BREAKOUT, HOSTILE, BREAKOUT, replaced=True))
    groups = (ResumedGroup(0, 0, (BREAKOUT,), 1, held, BREAKOUT), ResumedGroup(1, None, (HOSTILE,), 0, held))
    return Resumption(BREAKOUT, BREAKOUT, BREAKOUT, 9, 2, 5.0, wrong, values, (BREAKOUT,), True, groups)


def by_layer(folder: Path) -> Resumption:
    """A run with a group for each of 152 tensors, under way, that is to go on with half of its lrs."""
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(76)))

    def groups(lr: float) -> list[dict[str, Any]]:
        lrs = [lr * 0.5 ** (2 - at // 50) for at in range(150)] + [2 * lr, 2 * lr]
        return [
            {"params": [param], "lr": each, "weight_decay": 0.05 if param.ndim > 1 else 0.0}
            for param, each in zip(model.parameters(), lrs, strict=True)
        ]

    before = torch.optim.SGD(groups(0.5), momentum=0.9)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(before, 0.8)
    stepped(before)
    scheduler.step()
    return resumed(saved(folder / "last.pt", before), model, torch.optim.SGD(groups(0.25), momentum=0.5))


def rows_of(text: str) -> list[list[str]]:
    """What is read in the cells of the groups' table."""
    (table,) = re.findall(r'<table class="list groups">.*?<tbody>(.*?)</tbody>', text, re.DOTALL)
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<wbr>|</?span[^>]*>|</?div[^>]*>", "", each).strip() for each in row] for row in cells]


def test_groups_of_one_setting_are_one_row_with_the_values_of_all_sides(tmp_path: Path) -> None:
    text = render_resume_html(by_layer(tmp_path))
    assert "8 distinct settings in 152 groups" in text
    rows = rows_of(text)
    assert sum(int(row[1]) for row in rows) == 152
    assert rows[0] == [
        "25 groups<small>{0..24}.weight</small>",
        "25",
        "0.1<small>begun at 0.125</small>",
        "0.0625",
        "▲ 0.1",
        "0.05",
        "momentum 0.5 → 0.9",
    ]


def test_a_warm_up_that_begins_low_is_compared_by_what_it_leads_to(tmp_path: Path) -> None:
    """The run goes on at 0.045, ten times the code's first lr, and comes to half of what the code asks for."""
    model = nn.Linear(2, 2)

    def warming_up(lr: float) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
        optimizer = torch.optim.SGD(model.parameters(), lr=lr)
        return optimizer, torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=10)

    before, scheduler = warming_up(0.05)
    for _ in range(9):
        stepped(before)
        scheduler.step()
    after = warming_up(0.1)
    (row,) = rows_of(render_resume_html(resumed(saved(tmp_path / "last.pt", before), model, *after)))
    lrs = [before.param_groups[0]["lr"], after[0].param_groups[0]["lr"]]
    assert row[2:5] == [
        f"{lrs[0]:g}<small>begun at 0.05</small>",
        f"{lrs[1]:g}<small>asks for 0.1</small>",
        f"▼ {lrs[0]:g}",
    ]


def test_groups_that_do_not_fit_stand_beside_each_other(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    before = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    stepped(before)
    path = saved(tmp_path / "last.pt", before)
    weights, biases = (
        [param for param in model.parameters() if (param.ndim > 1) is wanted] for wanted in (True, False)
    )
    split: list[dict[str, Any]] = [{"params": weights}, {"params": biases, "weight_decay": 0.0}]
    rows = rows_of(render_resume_html(resumed(path, model, torch.optim.AdamW(split, lr=1e-3, weight_decay=0.05))))
    assert [row[1:] for row in rows] == [
        ["4 in checkpoint2 in code", "0.001", "0.001", "0.05", "0.05"],
        ["0 in checkpoint2 in code", "–", "0.001", "–", "0"],
    ]


def test_what_is_the_same_everywhere_has_one_column(tmp_path: Path) -> None:
    model = nn.Linear(2, 2)
    before = torch.optim.AdamW(model.parameters(), lr=1e-3)
    stepped(before)
    text = render_resume_html(
        resumed(saved(tmp_path / "last.pt", before), model, torch.optim.AdamW(model.parameters()))
    )
    assert [row[1:] for row in rows_of(text)] == [["2", "0.001", "0.01"]]


def test_it_says_what_the_json_says(tmp_path: Path) -> None:
    found = replaced(tmp_path)
    told = json.loads(render_json(found))
    text = render_resume_html(found)
    assert text == render_resume_html(found)
    assert str(tmp_path) not in text
    assert f"<strong>{told['verdict']}</strong>" in text
    rows = re.findall(
        r'<th scope="row">(\w+)</th><td class="text old">([^<]*)</td><td class="text new">([^<]*)</td>', text
    )
    assert {(key, float(old), float(new)) for key, old, new in rows} == {
        (each["key"], each["source"], each["checkpoint"]) for each in told["overrides"]
    }
    assert f"<strong>{len(told['overrides'])}</strong>" in text
    assert all(note in text.replace("&#39;", "'") for note in told["notes"])


def test_a_mismatch_lists_its_parameters_and_advice_is_given_once() -> None:
    wrong = Mismatch("three are elsewhere", ("a.0.w", "a.1.w", "b"), "begin anew")
    text = render_resume_html(Resumption("c.pt", "torch.save", "c.yaml", 9, 2, None, (wrong,)))
    assert "a.{0,1}.w" in text
    assert text.count("begin anew") == 1
    assert ">mismatch</strong>" in text


def test_the_command_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    replaced(tmp_path)
    (tmp_path / "c.yaml").write_text("optimizer: {type: AdamW, lr: 2.0e-3, weight_decay: 0.1}")
    (tmp_path / "m.py").write_text(
        "from torch import nn\ndef make(): return nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))"
    )
    assert cli.main(["resume", "last.pt", "m.py:make", "c.yaml", "-o", "resume.html"]) == 0
    text = (tmp_path / "resume.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "last.pt → c.yaml" in text


@pytest.mark.slow
@needs_chromium
@pytest.mark.parametrize("width", [800, 1600])
def test_hostile_texts_run_nothing(tmp_path: Path, width: int) -> None:
    with opened(render_resume_html(hostile()), tmp_path, viewport={"width": width, "height": 900}) as window:
        window.assert_quiet()
        assert window.text("body").count(BREAKOUT) >= 5
        assert BREAKOUT in window.text("#groups").replace("\n", "")
        assert "\u202e" not in window.page.content()
