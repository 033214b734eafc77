"""`--no-code` and PGAUDIT_NO_CODE: what would run code is an error that says where it is named, and the rest works."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pgaudit import cli, user_code

PAYLOAD = """\
import pathlib
pathlib.Path("ran").touch()
from torch import nn, optim
class Layer(nn.Linear): ...
class Mine(optim.SGD): ...
def make(): return nn.Sequential(Layer(2, 2))
def factor(name): return 1.0
"""
CLASS, FUNCTION = "payload.Layer", "payload:factor"
PLAIN = "optimizer: {type: SGD, lr: 0.1}\n"
FILES = {
    "payload.py": PAYLOAD,
    "hubconf.py": PAYLOAD,
    "plain.yaml": PLAIN,
    "mmcv.yaml": f"{PLAIN}paramwise_cfg: {{bias_lr_mult: 2}}\n",
    "model.yaml": f"{PLAIN}model: payload.py:make\n",
    "hub.yaml": f"{PLAIN}model: torch.hub:load\nmodel_args: {{repo_or_dir: ., source: local, model: make}}\n",
    "optimizer.yaml": "optimizer:\n  type: payload:Mine\n  lr: 0.1\n",
    "file.yaml": "optimizer:\n  type: payload.py:Mine\n  lr: 0.1\n",
    "torch_file.yaml": "optimizer:\n  type: torch.py:Mine\n  lr: 0.1\n",
    "torch.py": PAYLOAD,
    "rules.yaml": f"{PLAIN}constructor: rules\nparamwise_cfg:\n  rules:\n  - {{match: {{type: {CLASS}}}, lr: 1}}\n",
    "basecls.yaml": "solver:\n  basic_lr: 0.1\n  weight_decay:\n  - [0, {type: payload.Layer}]\n  - 0.1\n",
    "function.yaml": f"{PLAIN}constructor: detectron2\nparamwise_cfg: {{base_lr: 0.1, lr_factor_func: {FUNCTION}}}\n",
    "library.yaml": "constructor: timm\noptimizer:\n  type: bnbadam\n  lr: 0.1\n",
    "config.py": PAYLOAD + "optimizer = dict(type='SGD', lr=0.1)\n",
    "listed.yaml": "audits:\n- config: plain.yaml\n  model: payload.py:make\n- config: model.yaml\n",
}
REFUSED = [
    (("show", "payload.py:make", "plain.yaml"), None),
    (("show", "payload:make", "plain.yaml"), None),
    (("show", "torch.hub:load", "plain.yaml", "--model-arg", "repo_or_dir=."), None),
    (("show", "torch.py:make", "plain.yaml"), None),
    (("show", "transformers:BertModel", "plain.yaml"), None),
    (("show", "model.yaml"), "model.yaml:2:1"),
    (("show", "hub.yaml"), "hub.yaml:2:1"),
    (("explain", "resnet18", "optimizer.yaml", "fc.bias"), "optimizer.yaml:2:3"),
    (("lock", "resnet18", "file.yaml"), "file.yaml:2:3"),
    (("show", "resnet18", "torch_file.yaml"), "torch_file.yaml:2:3"),
    (("show", "resnet18", "rules.yaml"), "rules.yaml:5:"),
    (("show", "resnet18", "basecls.yaml"), "basecls.yaml:4:"),
    (("show", "resnet18", "function.yaml"), "function.yaml:3:"),
    (("show", "resnet18", "library.yaml"), "library.yaml:3:3"),
    (("show", "resnet18", "config.py"), "config.py:1:1"),
    (("check", "resnet18", "config.py"), "config.py:1:1"),
    (("check", "--project", "listed.yaml"), "listed.yaml:3:"),
    (("diff", "plain.yaml", "config.py", "--model", "resnet18"), "config.py:1:1"),
    (("diff", "plain.yaml", "model.yaml"), "model.yaml:2:1"),
    (("convert", "model.yaml", "--to", "rules"), "model.yaml:2:1"),
    (("snapshot", "payload.py:make"), None),
    (("snapshot", "model.yaml"), "model.yaml:2:1"),
    (("sweep", "payload.py:make", "plain.yaml", "-j", "1"), None),
    (("sweep", "resnet18", "config.py"), "config.py:1:1"),
    (("verify", "payload.py:make", "library.yaml"), None),
    (("verify", "resnet18", "mmcv.yaml"), None),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(user_code, "_ran", [])
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize("by", ["option", "variable"])
@pytest.mark.parametrize(("argv", "place"), REFUSED, ids=lambda value: " ".join(value) if value else "-")
def test_what_would_run_code_is_refused_where_it_is_named(
    argv: tuple[str, ...],
    place: str | None,
    by: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if by == "variable":
        monkeypatch.setenv(user_code.NO_CODE, "1")
    code = cli.main([*argv, "--no-code"] if by == "option" else list(argv))
    out, err = capsys.readouterr()
    assert code == 2
    assert "is code outside torch and timm, and --no-code (or PGAUDIT_NO_CODE) lets none run" in " ".join(
        (out + err).split()
    )
    assert place is None or place in out + err
    assert not (folder / "ran").exists()
    assert "payload" not in sys.modules
    assert os.environ.get(user_code.NO_CODE) == ("1" if by == "variable" else None)


def test_nor_does_it_run_in_further_processes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", "--project", "listed.yaml", "-j", "2", "--no-code"]) == 2
    assert "listed.yaml:3:" in capsys.readouterr().out
    assert not (folder / "ran").exists()


@pytest.mark.parametrize(
    "argv",
    [
        ("show", "resnet18", "plain.yaml"),
        ("show", "timm:resnet18", "own.yaml"),
        ("check", "resnet18", "own.yaml"),
        ("diff", "plain.yaml", "own.yaml", "--model", "resnet18"),
        ("sweep", "resnet18", "plain.yaml", "-j", "1"),
        ("verify", "resnet18", "timm.yaml"),
        ("verify", "resnet18", "plain.yaml"),
        ("constructors",),
    ],
    ids=" ".join,
)
def test_what_runs_none_works(argv: tuple[str, ...], folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = "optimizer: {type: 'torch.optim:SGD', lr: 0.1}\nconstructor: rules\nparamwise_cfg: {rules: "
    (folder / "own.yaml").write_text(f"{own}[{{match: {{type: [torch.nn.Conv2d, timm.layers.Linear]}}, lr: 1}}]}}\n")
    (folder / "timm.yaml").write_text("constructor: timm\noptimizer: {type: sgd, lr: 0.1}\n")
    assert cli.main([*argv, "--no-code"]) == 0, capsys.readouterr().err
    assert not (folder / "ran").exists()


SECRET = "password: hunter2: yes"
READERS = {
    "a base": ("_BASE_: {}\n", ("show", "resnet18", "c.yaml"), "c.yaml:1:1"),
    "an inventory": ("model: {}\noptimizer: {{type: SGD, lr: 0.1}}\n", ("show", "c.yaml"), "c.yaml:1:1"),
    "a config": ("audits:\n- {{config: {}, model: resnet18}}\n", ("check", "--project", "c.yaml"), "c.yaml:2:4"),
    "a lock": ("audits:\n- {{config: plain.yaml, lock: {}}}\n", ("check", "--project", "c.yaml"), "c.yaml:2:24"),
}


@pytest.mark.parametrize("by", ["its path", "a link"])
@pytest.mark.parametrize(("text", "argv", "place"), READERS.values(), ids=READERS)
def test_files_outside_the_folder_are_not_read_because_a_file_names_them(
    text: str,
    argv: tuple[str, ...],
    place: str,
    by: str,
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.json"
    secret.write_text(SECRET)
    if by == "a link":
        (folder / "link.json").symlink_to(secret)
    (folder / "c.yaml").write_text(text.format("link.json" if by == "a link" else secret))
    assert cli.main([*argv, "--no-code"]) == 2
    out, err = capsys.readouterr()
    assert "hunter2" not in out + err
    assert "lies outside the current folder, and --no-code" in " ".join((out + err).split())
    assert place in out + err


def test_files_inside_the_folder_are_read(folder: Path) -> None:
    (folder / "below").mkdir()
    (folder / "below" / "base.yaml").write_text("SOLVER: {BASE_LR: 0.1}\n")
    (folder / "c.yaml").write_text("_BASE_: below/base.yaml\n")
    (folder / "p.yaml").write_text("audits:\n- {config: c.yaml, model: resnet18}\n")
    assert cli.main(["check", "--project", "p.yaml", "--no-code"]) == 0


def test_code_runs_again_without_it(folder: Path) -> None:
    assert cli.main(["show", "payload.py:make", "plain.yaml", "--no-code"]) == 2
    assert cli.main(["show", "payload.py:make", "plain.yaml"]) == 0
    assert (folder / "ran").exists()
