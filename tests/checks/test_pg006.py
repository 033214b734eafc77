from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

import pgaudit
from pgaudit.core.parameters import Inventory, ModuleType
from pgaudit.models.built import BuiltModel
from tests.checks.built_cases import BuiltCase, Made, check_cases, sgd
from tests.checks.cases import HEAD, has_words, only, places, tree


class RmsNorm(nn.Module):
    """A norm that no library's isinstance test knows."""

    def __init__(self, *, bias: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(2))
        self.register_parameter("bias", nn.Parameter(torch.empty(2)) if bias else None)


def marked(model: nn.Module, norms: tuple[str, ...] = ("RmsNorm",)) -> Inventory:
    """The inventory, with these classes marked as norms by what they are."""

    def as_norm(module: ModuleType) -> ModuleType:
        like = {"norm_like"} if module.short in norms else set()
        return replace(module, families=(module.families - {"norm_like"}) | like)

    walked = BuiltModel(model, "model").inventory(unwrap=True)
    return replace(
        walked,
        parameters=tuple(p._replace(module=as_norm(p.module)) for p in walked.parameters),
        visits=tuple(visit._replace(module=as_norm(visit.module)) for visit in walked.visits),
    )


def _model() -> nn.Module:
    return tree({"fc": nn.Linear(2, 2), "norm1": RmsNorm(), "b.norm2": RmsNorm(), "ln": nn.LayerNorm(2)})


def _audit(tmp_path: Path, text: str, inventory: Inventory) -> pgaudit.Report:
    path = tmp_path / "f.yaml"
    path.write_text(text, encoding="utf-8")
    return pgaudit.audit(inventory, path, constructor=None)


def test_norms_that_the_option_passes_over(tmp_path: Path) -> None:
    report = _audit(tmp_path, HEAD + "  norm_decay_mult: 0\n", marked(_model()))
    assert places(report, "PG006") == [("PG006", 3, 3)]
    finding = only(report, "PG006")
    assert has_words(
        finding.message,
        "RmsNorm is no norm to the constructor `mmcv`, so 2 tensors keep weight decay 0.1 "
        "despite norm_decay_mult: norm1.weight",
    )
    assert finding.hint == 'name them: "norm1.", "norm2."'
    assert finding.params == ("norm1.weight", "b.norm2.weight")


def test_the_hint_is_true(tmp_path: Path) -> None:
    text = HEAD + "  norm_decay_mult: 0\n  custom_keys: {norm1.: {decay_mult: 0}, norm2.: {decay_mult: 0}}\n"
    assert places(_audit(tmp_path, text, marked(_model())), "PG006") == []


def test_a_longer_key_that_takes_them_is_no_hint(tmp_path: Path) -> None:
    text = HEAD + "  norm_decay_mult: 0\n  custom_keys: {norm1.weight: {lr_mult: 2}, norm2.weight: {lr_mult: 2}}\n"
    assert places(_audit(tmp_path, text, marked(_model())), "PG006") == []
    text = HEAD + "  norm_decay_mult: 0\n  custom_keys: {b.: {lr_mult: 2}}\n"
    finding = only(_audit(tmp_path, text, marked(_model())), "PG006")
    assert (finding.params, finding.hint) == (("norm1.weight",), 'name them: "norm1."')


def test_biases_that_another_rule_exempts_are_none(tmp_path: Path) -> None:
    model = tree({"a": RmsNorm(bias=True), "fc": nn.Linear(2, 2)})
    assert places(_audit(tmp_path, HEAD + "  bias_decay_mult: 0\n", marked(model)), "PG006") == []


def test_norms_that_a_policy_passes_over(tmp_path: Path) -> None:
    model = _model()
    walked = marked(model)
    report = _audit(tmp_path, "solver: {weight_decay: [[0, NORM_TYPES], 1.0e-4]}\n", replace(walked, unwrapped=False))
    assert places(report, "PG006") == [("PG006", 1, 25)]
    assert has_words(
        only(report, "PG006").message, 'RmsNorm is no norm to the constructor `basecls` … despite "NORM_TYPES"'
    )


def test_one_finding_a_class(tmp_path: Path) -> None:
    model = tree({"a": RmsNorm(), "b": nn.Linear(2, 2, bias=False), "c": nn.LayerNorm(2)})
    report = _audit(tmp_path, HEAD + "  norm_decay_mult: 0\n", marked(model, ("RmsNorm", "Linear")))
    assert places(report, "PG006") == [("PG006", 3, 3), ("PG006", 3, 3)]
    assert all("1 tensor keeps" in f.message for f in report.findings if f.code == "PG006")


def _frozen() -> nn.Module:
    model = _model()
    model.requires_grad_(False)
    return model


SILENT: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "no option for norms": ("  bias_lr_mult: 2\n", _model),
    "an option without effect": ("  norm_decay_mult: 1\n", _model),
    "a custom key for them": ("  norm_decay_mult: 0\n  custom_keys: {norm: {decay_mult: 0.5}}\n", _model),
    "frozen": ("  norm_decay_mult: 0\n", _frozen),
    "no such norm": ("  norm_decay_mult: 0\n", lambda: nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2))),
    "the same decay by another option": (
        "  norm_decay_mult: 0\n  bias_decay_mult: 0\n  custom_keys: {weight: {decay_mult: 0}}\n",
        lambda: nn.Sequential(RmsNorm(bias=True)),
    ),
}


@pytest.mark.parametrize(("options", "model"), SILENT.values(), ids=SILENT)
def test_silence(tmp_path: Path, options: str, model: Callable[[], nn.Module]) -> None:
    assert places(_audit(tmp_path, HEAD + options, marked(model())), "PG006") == []


def _norms() -> nn.ModuleDict:
    return nn.ModuleDict(
        {"layer": nn.LayerNorm(2), "rms": nn.RMSNorm(2), "batch": nn.BatchNorm1d(2), "fc": nn.Linear(2, 2)}
    )


def _exempting(*kinds: str, frozen: str = "", model: nn.ModuleDict | None = None) -> Made:
    """SGD in which norms of some kinds have no weight decay, as ``isinstance`` sorts them."""
    model = model or _norms()
    if frozen:
        model[frozen].requires_grad_(False)
    exempt = [parameter for kind in kinds for parameter in model[kind].parameters()]
    rest = [parameter for parameter in model.parameters() if all(parameter is not each for each in exempt)]
    return model, sgd({"params": exempt, "weight_decay": 0.0}, {"params": rest}, weight_decay=0.05)


BUILT = {
    "one class of two": BuiltCase(
        lambda: _exempting("layer", "batch"),
        ("RMSNorm is a norm, and 1 tensor keeps weight decay 0.05, unlike LayerNorm, BatchNorm1d: rms.weight",),
        "p.ndim < 2",
        ("rms.weight",),
    ),
    "two classes": BuiltCase(
        lambda: _exempting("layer"), ("RMSNorm is a norm, and 1 tensor", "BatchNorm1d … 2 tensors keep")
    ),
    "all": BuiltCase(lambda: _exempting("layer", "rms", "batch")),
    "none": BuiltCase(lambda: _exempting("fc")),
    "frozen": BuiltCase(lambda: _exempting("layer", "batch", frozen="rms")),
}
test_built = check_cases("PG006", BUILT)
