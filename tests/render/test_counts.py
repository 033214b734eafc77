"""How many: tensors are counted, parameters are their elements, on every screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pgaudit import cli

MODEL = """
from torch import nn

class Norm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(nn.Linear(300, 1).weight[0])
    def forward(self, x):
        return x * x.pow(2).mean(-1, keepdim=True).rsqrt() * self.weight

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(300, 300)
        self.stem.requires_grad_(False)
        self.mlp_head = nn.Sequential(nn.Linear(300, 300), nn.Linear(300, 300), nn.Linear(300, 300))
        self.norm = nn.LayerNorm(300)
        self.rms = Norm()
        self.head = nn.Linear(300, 300)
    def no_weight_decay(self):
        return {"norm.weight", "norm.bias"}
"""
CONFIG = """
constructor: {constructor}
optimizer: {{type: SGD, lr: 0.1, weight_decay: 0.01}}
paramwise_cfg: {options}
"""
MMCV = "{norm_decay_mult: 0.0, custom_keys: {head: {lr_mult: 2.0}, norm: {decay_mult: 1.0}, h: {lr_mult: 0}}}"
RULES = "{rules: [{match: 'head.*', lr_mult: 2}]}"
COUNT = re.compile(r"\d (?:[a-z]{2,} )?parameters?\b|\b(?:numel|elements?)\b")
"""A number of tensors that says parameters, or parameters that are called elements."""

COMMANDS = {
    "show": ["show", "net.json", "a.yaml", "-v", "--groups", "--group-by", "module"],
    "a part": ["show", "net.json", "a.yaml", "--filter", "head.*"],
    "picture": ["show", "net.json", "a.yaml", "--format", "svg"],
    "page": ["show", "net.json", "a.yaml", "--format", "html"],
    "markdown": ["show", "net.json", "a.yaml", "--format", "markdown"],
    "no table": ["show", "net.json", "mmengine.yaml"],
    "rules": ["show", "net.json", "rules.yaml"],
    "explain": ["explain", "net.json", "a.yaml", "mlp_head"],
    "diff": ["diff", "a.yaml", "rules.yaml", "--model", "net.json"],
    "diff for GitHub": ["diff", "a.yaml", "b.yaml", "--model", "net.json", "--format", "github"],
    "check": ["check", "net.json", "a.yaml", "--fail-on", "info"],
    "check in Markdown": ["check", "net.json", "a.yaml", "--fail-on", "info", "--format", "markdown"],
    "check against a lock": ["check", "net.json", "b.yaml", "--lock", "a.lock"],
    "convert": ["convert", "b.yaml", "--model", "net.json", "--to", "rules", "--ignore-frozen"],
    "snapshot": ["snapshot", "net.py:Net", "--check", "net.json"],
    "sweep": ["sweep", "net.json", "a.yaml"],
    "sweep in Markdown": ["sweep", "net.json", "a.yaml", "--format", "markdown"],
    "lost in the model": ["show", "net.json", "rules.yaml", "--changed"],
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text(MODEL)
    Path("a.yaml").write_text(CONFIG.format(constructor="mmcv", options=MMCV))
    Path("b.yaml").write_text(CONFIG.format(constructor="mmcv", options="{norm_decay_mult: 0.0}"))
    Path("mmengine.yaml").write_text(CONFIG.format(constructor="mmengine", options=MMCV))
    Path("rules.yaml").write_text(CONFIG.format(constructor="rules", options=RULES))
    assert cli.main(["snapshot", "net.py:Net", "-o", "net.json"]) == 0
    assert cli.main(["lock", "net.json", "a.yaml", "-o", "a.lock"]) == 0
    capsys.readouterr()
    return tmp_path


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS)
def test_tensors_are_counted_and_parameters_are_their_elements(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert cli.main([*arguments, "--width", "200"] if arguments[0] not in ("convert", "snapshot") else arguments) < 2
    out, err = capsys.readouterr()
    text = re.sub(r"<(style|script).*?</\1>|<[^>]*>|&#160;", " ", out, flags=re.DOTALL) + err
    assert "tensor" in text
    found = [line for line in text.splitlines() if COUNT.search(line)]
    assert not found
