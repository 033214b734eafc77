"""Many audits: one that breaks hides no other, the order stays, and processes make no difference."""

from __future__ import annotations

import multiprocessing
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pgaudit import UsageError, cli
from pgaudit.config.project import find_project, load_project
from pgaudit.gate import Audit, Outcome
from pgaudit.gate.many import audits_of, guarded, run_all, selected
from pgaudit.gate.records import exit_code
from pgaudit.user_code.imports import fresh_imports

pytestmark = pytest.mark.slow

NETS = """
import os
from torch import nn
import beside
def tiny(width=2): return nn.Linear(width, beside.WIDTH)
def exits(): raise SystemExit(3)
def dies(): os._exit(3)
def breaks():
    class Odd(nn.Linear):
        def named_parameters(self, *args, **kwargs): raise SystemExit("no")
    return Odd(2, 2)
"""
PROJECT = """\
audits:
  - {name: good, model: nets.py:tiny, config: a.yaml}
  - {name: typo, model: nets.py:tiny, config: typo.yaml}
  - name: missing config
    model: nets.py:tiny
    config: b.yaml
  - {name: bad config, model: nets.py:tiny, config: bad.yaml}
  - {name: missing model, model: nets.py:tinny, config: a.yaml}
  - {name: no model, config: a.yaml}
  - name: missing lock
    model: nets.py:tiny
    config: a.yaml
    lock: no.lock
  - {name: missing expectations, model: nets.py:tiny, config: a.yaml, expect: no.yaml}
  - {name: missing baseline, model: nets.py:tiny, config: a.yaml, baseline: no.json}
  - {name: exits, model: nets.py:exits, config: a.yaml}
  - {name: breaks, model: nets.py:breaks, config: a.yaml}
  - {name: refuses, model: nets.py:tiny, config: a.yaml, model_args: {depth: 3}}
  - {name: other folder, model: other/nets.py:tiny, config: a.yaml}
  - {name: last, model: nets.py:tiny, config: a.yaml, model_args: {width: 3}}
"""
BROKEN = {
    "missing config": ('no such config file: "b.yaml"', "pgaudit.yaml", 6),
    "bad config": ('unknown key "optimzer"', "bad.yaml", 1),
    "missing model": ('nets.py has no attribute "tinny"', "pgaudit.yaml", 8),
    "no model": ("no model is named", "pgaudit.yaml", 9),
    "missing lock": ('no such lock file: "no.lock"', "pgaudit.yaml", 13),
    "missing expectations": ('no such expectations file: "no.yaml"', "pgaudit.yaml", 14),
    "missing baseline": ('no such baseline file: "no.json"', "pgaudit.yaml", 15),
    "exits": ("SystemExit: 3", "pgaudit.yaml", 16),
    "breaks": ("SystemExit: no", None, None),
    "refuses": ("unexpected keyword argument 'depth'", "pgaudit.yaml", 18),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    good = "optimizer: {type: SGD, lr: 0.1, weight_decay: 1.0e-4}\nparamwise_cfg: {norm_decay_mult: 0}\n"
    (tmp_path / "other").mkdir()
    for name, text in {
        "nets.py": NETS, "beside.py": "WIDTH = 2\n", "other/nets.py": NETS, "other/beside.py": "WIDTH = 7\n",
        "a.yaml": good, "typo.yaml": good.replace("decay_mult", "decay_mutl"), "bad.yaml": "optimzer: {}\n",
        "pgaudit.yaml": PROJECT,
    }.items():  # fmt: skip
        (tmp_path / name).write_text(text)
    return tmp_path


def _plain(outcomes: list[Outcome]) -> list[Outcome]:
    return [replace(outcome, trace="") for outcome in outcomes]


@pytest.fixture
def outcomes(folder: Path) -> list[Outcome]:
    return run_all(audits_of(find_project()))


def test_all_are_run_in_order_and_what_is_broken_says_where(outcomes: list[Outcome]) -> None:
    names = [line.partition("name: ")[2].partition(",")[0] for line in PROJECT.splitlines() if "name: " in line]
    assert [outcome.audit.name for outcome in outcomes] == names
    by_name = {outcome.audit.name: outcome for outcome in outcomes}
    codes = {name: outcome.exit_code for name, outcome in by_name.items()}
    assert codes == {**dict.fromkeys(names, 0), "typo": 1, **dict.fromkeys(BROKEN, 2)}
    for name, (message, path, line) in BROKEN.items():
        problem = by_name[name].errors[-1]
        assert message in problem.message
        if path:
            assert problem.location is not None
            assert (problem.location.path, problem.location.line) == (path, line)
    assert [notice.code for notice in by_name["typo"].failures] == ["PG011"]
    assert exit_code(outcomes) == 2


def test_an_audit_leaves_no_module_to_the_next(folder: Path) -> None:
    here, there = Audit("nets.py:tiny", "a.yaml"), Audit("other/nets.py:tiny", "a.yaml", lock="a.lock")
    from pgaudit.pipeline import audit
    from pgaudit.sources.lock import written

    before = list(sys.path)
    (folder / "a.lock").write_text(written(audit(there.model, "a.yaml")))
    sys.modules.pop("beside")
    sys.path[:] = before
    assert exit_code(run_all([here, there, here])) == 0
    assert "beside" not in sys.modules
    assert sys.path == before


def test_nor_a_module_of_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(tmp_path))])
    (tmp_path / "c.yaml").write_text("optimizer: {type: SGD, lr: 0.1}\n")
    for place, bias in (("one", True), ("two", False)):
        (tmp_path / place / "parts").mkdir(parents=True)
        (tmp_path / place / "parts" / "__init__.py").touch()
        (tmp_path / place / "parts" / "layers.py").write_text(f"BIAS = {bias}\n")
        (tmp_path / place / "net.py").write_text(
            "from torch import nn\nfrom parts.layers import BIAS\ndef make(): return nn.Linear(1, 1, bias=BIAS)\n"
        )
    found = run_all([Audit(f"{place}/net.py:make", "c.yaml") for place in ("one", "two")])
    assert [outcome.parameters for outcome in found] == [2, 1]
    assert not [name for name in sys.modules if name.startswith("parts")]


def test_processes_make_no_difference(outcomes: list[Outcome]) -> None:
    seen: list[str] = []
    audits = [outcome.audit for outcome in outcomes]
    again = run_all(audits, 2, lambda audit: seen.append(audit.name))
    assert _plain(again) == _plain(outcomes)
    assert sorted(seen) == sorted(audit.name for audit in audits)
    assert multiprocessing.active_children() == []


def test_a_process_that_dies_takes_no_other_audit_with_it(folder: Path) -> None:
    with fresh_imports():
        assert cli.main(["snapshot", "nets.py:tiny", "-o", "tiny.json"]) == 0  # for which no process loads torch
    entries = [("a", "tiny.json"), ("dies", "nets.py:dies"), ("b", "tiny.json")]
    lines = [f"- {{name: {name}, model: {model}, config: a.yaml}}\n" for name, model in entries]
    (folder / "dies.yaml").write_text("audits:\n" + "".join(lines))
    outcomes = run_all(audits_of(load_project(Path("dies.yaml"))), 2)
    assert [outcome.exit_code for outcome in outcomes] == [0, 2, 0]
    (problem,) = outcomes[1].errors
    assert problem.sentence.startswith("dies.yaml:3:16: the process that checked it has died")


def test_an_internal_error_is_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(audit: Audit) -> Outcome:
        raise KeyError("inside")

    monkeypatch.setattr("pgaudit.gate.many.run", broken)
    outcome = guarded(Audit(None, "a.yaml"))
    assert [problem.sentence for problem in outcome.errors] == [
        "a.yaml: internal error: KeyError: 'inside' (--traceback shows where)"
    ]
    assert "Traceback" in outcome.trace


def test_an_interrupted_run_leaves_no_process_behind() -> None:
    audits = audits_of(find_project())
    audits.sort(key=lambda audit: audit.name != "bad config")  # an answer at once, while others load torch

    def interrupted(audit: Audit) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_all(audits, 2, interrupted)
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize(
    ("globs", "names"),
    [
        ([], ["one", "", "two"]),
        (["one"], ["one"]),
        (["*e*"], ["one", ""]),
        (["resnet*"], [""]),
        (["two", "one"], ["one", "two"]),
        (["c/b.yaml"], [""]),
        (["x[0]"], ["two"]),
    ],
)
def test_select(globs: list[str], names: list[str]) -> None:
    audits = [Audit(None, "a.yaml", "one"), Audit("resnet18", "c/b.yaml"), Audit("x[0]", "o.yaml", "two")]
    assert [audit.name for audit in selected(audits, globs)] == names


def test_select_by_a_path_as_the_project_file_has_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder / "other")
    audits = audits_of(find_project())
    assert [audit.name for audit in selected(audits, ["typo.yaml"])] == ["typo"]
    assert [audit.name for audit in selected(audits, ["other/*"])] == ["other folder"]


def test_a_select_that_matches_nothing_is_a_typo() -> None:
    with pytest.raises(UsageError, match='--select onne matches no audit .did you mean "one"?'):
        selected([Audit(None, "a.yaml", "one"), Audit(None, "b.yaml", "two")], ["two", "onne"])
    with pytest.raises(UsageError, match="--select zzz matches no audit .there is one"):
        selected([Audit(None, "a.yaml", "one")], ["zzz"])
