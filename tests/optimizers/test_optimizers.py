"""Optimizer classes: torch's own signatures are the oracle for defaults."""

from __future__ import annotations

import functools
import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from pgaudit.optimizers.classes import OptimizerError, library_classes, looked_for, optimizer_class
from pgaudit.optimizers.construct import filled_in, try_groups
from pgaudit.optimizers.groups import SampleGroup, TensorKind, settings_in

TORCH = sorted(
    name
    for name, kind in vars(torch.optim).items()
    if inspect.isclass(kind) and issubclass(kind, torch.optim.Optimizer) and kind is not torch.optim.Optimizer
)


@pytest.mark.parametrize("name", TORCH)
def test_defaults_are_those_of_torchs_signature(name: str) -> None:
    kind = optimizer_class(name)
    signature = inspect.signature(kind).parameters
    defaults = settings_in(filled_in(kind, {}))
    assert defaults.lr == float(signature["lr"].default)
    assert defaults.weight_decay == (float(signature["weight_decay"].default) if "weight_decay" in signature else 0.0)


@pytest.mark.parametrize("name", library_classes())
def test_what_is_filled_in_is_what_the_class_itself_fills_in(name: str) -> None:
    kind: Any = library_classes()[name]
    tensor = torch.zeros(1, 1, requires_grad=True)
    try:
        (group,) = kind([{"params": [tensor]}]).param_groups
    except Exception as error:
        with pytest.raises(OptimizerError, match=re.escape(str(error))):
            filled_in(kind, {})
    else:
        assert filled_in(kind, {}) == {key: value for key, value in group.items() if key != "params"}


def test_another_add_param_group_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    decorated = torch.optim.Optimizer.add_param_group

    @functools.wraps(decorated)
    def changing(self: torch.optim.Optimizer, group: dict[str, object]) -> None:
        decorated(self, {**group, "lr": 7.0})

    monkeypatch.setattr(torch.optim.Optimizer, "add_param_group", changing)
    assert filled_in(torch.optim.SGD, {})["lr"] == 7.0


def test_the_compiler_is_not_imported(tmp_path: Path) -> None:
    """It takes nearly as long as torch itself, and there is nothing to compile."""
    tmp_path.joinpath("net.py").write_text("from torch.nn import Linear\n\n\ndef net():\n    return Linear(2, 2)\n")
    tmp_path.joinpath("x.yaml").write_text("optimizer: {type: AdamW}\nscheduler: {type: StepLR, step_size: 2}\n")
    code = "import sys; from pgaudit.cli import main; main(sys.argv[1:]); assert 'torch._dynamo' not in sys.modules"
    words = ["show", f"{tmp_path}/net.py:net", f"{tmp_path}/x.yaml", "--at", "3"]
    run = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (0, "")
    assert "1e-4" in run.stdout


def test_adamw_decays_unless_told_otherwise() -> None:
    assert settings_in(filled_in(optimizer_class("AdamW"), {})).weight_decay == 0.01
    assert settings_in(filled_in(optimizer_class("AdamW"), {"weight_decay": 0})).weight_decay == 0.0


@pytest.mark.parametrize("name", TORCH)
def test_a_class_looks_for_what_it_fills_in(name: str) -> None:
    kind = optimizer_class(name)
    filled = filled_in(kind, {})
    assert filled.keys() >= inspect.signature(kind).parameters.keys() - {"params"}
    assert looked_for(kind, filled) > filled.keys()
    assert "decay_multi" not in looked_for(kind, filled)


def test_a_class_looks_for_what_its_methods_name() -> None:
    class Excluding(torch.optim.SGD):
        @torch.no_grad()
        def step(self, closure: object = None) -> None:  # type: ignore[override]
            def wanted() -> list[object]:
                return [group.get("lars_exclude", False) for group in self.param_groups]

            wanted()

    assert "lars_exclude" in looked_for(Excluding, {})
    assert "lars_exclude" not in looked_for(torch.optim.SGD, {})


@pytest.mark.parametrize("name", ["Lamb", "timm.optim:Lamb", "torch.optim:SGD"])
def test_other_libraries_optimizers(name: str) -> None:
    assert optimizer_class(name).__name__ == name.rpartition(":")[2]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("sgd", 'torch and timm have no optimizer "sgd" \\(did you mean "SGD"\\?\\)'),
        ("Nonsense", "your own is named module:Class"),
        ("torch.optim.AdamW", 'no optimizer "torch.optim.AdamW" \\(did you mean "AdamW"\\?\\)'),
        ("my_package.optim.Shampooed", 'did you mean "my_package.optim:Shampooed"'),
        ("torch.nn:Linear", '"torch.nn:Linear" is not an optimizer class'),
    ],
)
def test_no_such_optimizer(name: str, message: str) -> None:
    with pytest.raises(OptimizerError, match=message):
        optimizer_class(name)


@pytest.mark.parametrize(
    ("name", "arguments", "message", "culprit"),
    [
        ("SGD", {"lr": 0.1, "momentun": 0.9}, "unexpected keyword argument 'momentun'.*\"momentum\"", "momentun"),
        ("SGD", {"lr": 0.1, "nesterov": True}, "Nesterov momentum requires a momentum", "nesterov"),
        ("Adam", {"betas": [2, 0.9]}, "Invalid beta parameter", "betas"),
        ("SGD", {"lr": "0.1"}, "would raise TypeError", None),
    ],
)
def test_what_the_class_refuses_is_refused(
    name: str, arguments: dict[str, object], message: str, culprit: str | None
) -> None:
    with pytest.raises(OptimizerError, match=message) as caught:
        filled_in(optimizer_class(name), arguments)
    assert caught.value.argument == culprit


def test_groups_are_tried_on_stand_ins() -> None:
    vector, matrix = TensorKind((3,), "float32"), TensorKind((3, 3), "float32")
    group = SampleGroup((("lr", 0.1),), (matrix,))
    try_groups(optimizer_class("Muon"), {}, [group])
    with pytest.raises(OptimizerError, match="only supports 2D"):
        try_groups(optimizer_class("Muon"), {}, [SampleGroup((), (vector,))])
    with pytest.raises(OptimizerError, match="doesn't support per-parameter options"):
        try_groups(optimizer_class("LBFGS"), {}, [group, group])
