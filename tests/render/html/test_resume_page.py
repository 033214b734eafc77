"""The page of a resumption says what its JSON says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import torch
from torch import nn

from pgaudit import cli
from pgaudit.render.html.resume import render_resume_html
from pgaudit.render.pages.resume import render_json
from pgaudit.resume import Mismatch, Override, Resumption
from tests.render.html.window import needs_chromium, opened
from tests.render.html.written import BREAKOUT
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
    return Resumption(BREAKOUT, BREAKOUT, BREAKOUT, 9, 2, 5.0, wrong, values, (BREAKOUT,))


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
