"""What moved since the lock is named exactly, with the values, the rules and the lines; what means the same passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from torch import nn

import pgaudit
from pgaudit import ConfigError
from pgaudit.core.expectations import Expectations
from pgaudit.core.findings import Finding
from pgaudit.gate import Audit, Outcome
from pgaudit.gate.locked import lock_findings
from pgaudit.gate.run import judged
from pgaudit.sources.lock import written
from tests.gate.audits import CONFIG, Net, line, report

BN, FC = ("bn.weight", "bn.bias"), ("fc.weight", "fc.bias")
AUDIT = Audit("net", "c.yaml", lock="a.lock")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _since(folder: Path, before: str, after: str) -> list[Finding]:
    (folder / "a.lock").write_text(written(report(folder, before)))
    return list(lock_findings(report(folder, after), AUDIT))


MOVES: dict[str, tuple[tuple[str, str], list[tuple[str, tuple[str, ...]]]]] = {
    "a multiplier": (
        ("lr_mult: 10", "lr_mult: 5"),
        [("8:5 lock moved: 2 tensors such as fc.weight: lr 1.0 → 0.5 by custom_keys.fc", FC)],
    ),
    "a key that is gone": (
        ("    fc: {lr_mult: 10}", "    f_: {lr_mult: 10}"),
        [("3:3 lock moved: 2 tensors such as fc.weight: lr 1.0 → 0.1 by default (locked: custom_keys.fc)", FC)],
    ),
    "both values by one rule": (
        ("{lr_mult: 10}", "{lr_mult: 5, decay_mult: 2}"),
        [
            (
                "8:5 lock moved: 2 tensors such as fc.weight: lr 1.0 → 0.5 by custom_keys.fc, "
                "weight_decay 0.0001 → 0.0002 by custom_keys.fc",
                FC,
            )
        ],
    ),
    "an option": (
        ("norm_decay_mult: 0", "bias_lr_mult: 2"),
        [
            (
                "4:3 lock moved: 2 tensors such as bn.weight: "
                "weight_decay 0.0 → 0.0001 by default (locked: norm_decay_mult)",
                BN,
            )
        ],
    ),
    "the base": (
        ("lr: 0.1", "lr: 0.2"),
        [
            ("3:3 lock moved: 3 tensors such as conv.weight: lr 0.1 → 0.2 by default", ("conv.weight", *BN)),
            ("8:5 lock moved: 2 tensors such as fc.weight: lr 1.0 → 2.0 by custom_keys.fc", FC),
        ],
    ),
    "a new argument": (
        ("  lr: 0.1", "  lr: 0.1\n  momentum: 0.9"),
        [("4:3 lock setup-moved: momentum: locked as none, now 0.9", ())],
    ),
    "the optimizer": (
        ("type: SGD", "type: Adam"),
        [("2:3 lock setup-moved: optimizer: locked as SGD, now Adam", ())],
    ),
}


@pytest.mark.parametrize(("edit", "expected"), MOVES.values(), ids=MOVES)
def test_what_moved(folder: Path, edit: tuple[str, str], expected: list[tuple[str, tuple[str, ...]]]) -> None:
    notices = _since(folder, CONFIG, CONFIG.replace(*edit))
    assert [(line(notice), notice.params) for notice in notices] == [
        (f"c.yaml:{said}", names) for said, names in expected
    ]
    assert all(map(Outcome(AUDIT, fail_on="never").fails, notices))
    assert {notice.hint for notice in notices} == {"if that is meant: pgaudit lock net c.yaml -o a.lock --update"}


SAME = {
    "nothing": ("", ""),
    "numbers in other words": ("lr: 0.1", "lr: 1.0e-1"),
    "zero": ("norm_decay_mult: 0", "norm_decay_mult: -0.0"),
    "a line above": ("optimizer:", "# the policy\n\noptimizer:"),
    "a default that is said": ("  lr: 0.1", "  lr: 0.1\n  momentum: 0\n  nesterov: false"),
    "an option that changes nothing": ("norm_decay_mult: 0", "norm_decay_mult: 0\n  bias_lr_mult: 1"),
    "one that is ignored": ("norm_decay_mult: 0", "norm_decay_mult: 0\n  norm_decay_multi: 3"),
}


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_what_comes_to_the_same_is_silent(folder: Path, edit: tuple[str, str]) -> None:
    assert _since(folder, CONFIG, CONFIG.replace(*edit)) == []
    assert _since(folder, CONFIG.replace(*edit), CONFIG) == []


def test_rules_that_swap_with_equal_values_are_an_info(folder: Path) -> None:
    (notice,) = _since(folder, CONFIG, CONFIG.replace("    fc:", "    fc.:"))
    assert line(notice) == (
        "a.lock:1:1 lock other-rule: 2 tensors have other rules than the lock says, and the same values"
    )
    assert not Outcome(AUDIT, fail_on="info").fails(notice)
    assert (notice.params, notice.severity) == (FC, "info")


def test_another_constructor_with_equal_values_is_no_failure(folder: Path) -> None:
    mmcv = "optimizer: {type: SGD, lr: 0.1, weight_decay: 0, momentum: 0.9}\nparamwise_cfg: {norm_decay_mult: 3}\n"
    notices = _since(folder, mmcv, "solver: {basic_lr: 0.1, weight_decay: 0}\n")
    assert list(filter(Outcome(AUDIT).fails, notices)) == []


def test_an_argument_of_a_solver_has_its_place(folder: Path) -> None:
    solver = "solver:\n  basic_lr: 0.1\n  momentum: 0.9\n"
    (notice,) = _since(folder, solver, solver.replace("0.9", "0.8"))
    assert line(notice) == "c.yaml:3:3 lock setup-moved: momentum: locked as 0.9, now 0.8"


def test_parameters_that_come_go_and_freeze(folder: Path) -> None:
    net = Net()
    (folder / "a.lock").write_text(written(report(folder, CONFIG, net)))
    net.head, net.fc = nn.Linear(2, 2, bias=False), nn.Identity()  # type: ignore[assignment]
    net.conv.weight.requires_grad_(False)
    notices = list(lock_findings(report(folder, CONFIG, net), AUDIT))
    assert [(line(notice), notice.params) for notice in notices] == [
        ("c.yaml:- lock moved: conv.weight: frozen now", ("conv.weight",)),
        (
            "c.yaml:- lock locked-and-gone: 2 tensors such as fc.weight: gone; locked were lr 1.0, weight_decay 0.0001",
            FC,
        ),
        ("c.yaml:3:3 lock not-locked: head.weight: new, with lr 0.1, weight_decay 0.0001", ("head.weight",)),
    ]


def test_a_tied_parameter_that_is_met_first_under_its_other_name_has_not_moved(folder: Path) -> None:
    def tied(*order: str) -> nn.Module:
        model = nn.Module()
        layers = {name: nn.Linear(2, 2, bias=False) for name in ("a", "b")}
        layers["b"].weight = layers["a"].weight
        for name in order:
            model.add_module(name, layers[name])
        return model

    text = "optimizer: {type: SGD, lr: 0.1}\n"
    (folder / "a.lock").write_text(written(report(folder, text, tied("a", "b"))))
    assert list(lock_findings(report(folder, text, tied("b", "a")), AUDIT)) == []


def test_a_lock_of_another_model_says_so(folder: Path) -> None:
    report(folder)
    other = pgaudit.audit(nn.Sequential(nn.Linear(2, 2)), folder / "c.yaml")
    (folder / "a.lock").write_text(written(other))
    notices = list(lock_findings(report(folder), AUDIT))
    assert {notice.hint for notice in notices} == {"the lock is of Sequential, and this is net"}


def _by_another_version(text: str) -> str:
    """The same, as another pgaudit might have written it: unfolded, reordered, with other numbers and comments."""
    from pgaudit.sources.lock_names import expanded

    head, body = text.split("\n\n")
    lines = ["# another comment"]
    for entry in body.splitlines()[1:-1]:
        settings, _, names = entry.rpartition(": ")
        settings = settings.replace("0.0001", "1e-04").replace("0.1 ", "0.10 ").replace("fc", "f\\u0063")
        lines += [f"{settings}: {name}" for name in expanded(names)]
    return "\r\n".join([*head.splitlines(), *reversed(lines), "# end", ""])


def test_a_lock_of_another_version_that_means_the_same_is_accepted(folder: Path) -> None:
    of = report(folder)
    text = _by_another_version(written(of))
    assert text != written(of)
    (folder / "a.lock").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert list(lock_findings(of, AUDIT)) == []


DAMAGE = {
    "newer": (lambda text: text.replace("format 1", "format 5"), "lock format 5; this pgaudit reads 4"),
    "conflict": (lambda text: text.replace("# lr", "<<<<<<< HEAD\n# lr"), "the marks of a merge conflict"),
    "cut": (lambda text: text[: len(text) // 2], "ends too early|no setting"),
    "cut between lines": (lambda text: text.removesuffix("# end\n"), "ends too early"),
    "another file": (lambda text: CONFIG, "this is no lock of pgaudit"),
    "nested too deeply": (lambda text: re.sub("optimizer: .*", "optimizer: " + "[" * 100_000, text), "head cannot be"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_lock_that_cannot_be_read_is_no_failure_but_an_error(folder: Path, damage: str) -> None:
    change, message = DAMAGE[damage]
    of = report(folder)
    (folder / "a.lock").write_text(change(written(of)))
    with pytest.raises(ConfigError, match=message) as caught:
        judged(AUDIT, of, Expectations())
    assert str(caught.value.findings[0].location).startswith("a.lock")


@pytest.mark.parametrize(
    ("lock", "message"), [("b.lock", "no such lock file"), ("", "no such lock"), (".", "is a folder")]
)
def test_no_lock_says_how_to_write_one(folder: Path, lock: str, message: str) -> None:
    of = report(folder)
    audit = Audit("a b", "c.yaml", "", {"width": 3, "s": "x"}, "mmcv", lock, scheduler="{type: StepLR}", steps=9)
    with pytest.raises(ConfigError, match=message) as caught:
        judged(audit, of, Expectations())
    if lock != ".":
        assert caught.value.findings[0].hint == (
            "pgaudit lock 'a b' c.yaml --model-arg width=3 --model-arg s=x --constructor mmcv "
            f"--scheduler '{{type: StepLR}}' --steps 9 -o {lock or 'FILE'} writes it"
        )


def test_many_parameters_need_more_than_a_configs_size(folder: Path) -> None:
    of = report(folder)
    text = written(of).replace("# lr", "# " + "x" * (1 << 21) + "\n# lr")
    (folder / "a.lock").write_text(text)
    assert list(lock_findings(of, AUDIT)) == []
