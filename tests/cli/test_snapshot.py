"""`pgaudit snapshot` as a user types it: what it saves, and what it says has moved."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.models.saved.file import read

NETS = """
from torch import nn
class Block(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(width, width, 1)
        self.norm = nn.BatchNorm2d(width)
class Net(nn.Module):
    def __init__(self, width=8, depth=3, name="blocks"):
        super().__init__()
        self.stem = nn.Conv2d(3, width, 1)
        setattr(self, name, nn.ModuleList(Block(width) for _ in range(depth)))
        self.head = nn.Linear(width, 10)
    def get_layer_depth(self, name):
        raise FileNotFoundError(f"/home/me/some where/of/{name}: <Net object at 0x7f001234>, see https://x.org/a/b")
def make(**kwargs):
    net = Net(**kwargs)
    # here
    return net
"""
CONFIG = "model: nets.py:make\nmodel_args: {depth: 2}\noptimizer: {type: SGD, lr: 0.1}\n"
FILE = "net.inventory.json"
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "nets.py").write_text(NETS)
    (tmp_path / "c.yaml").write_text(CONFIG)
    return tmp_path


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["snapshot", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def _moved(capsys: pytest.CaptureFixture[str], folder: Path, before: str, after: str) -> list[str]:
    """What is said of a model whose code was edited."""
    assert _run(capsys, "nets.py:make", "-o", FILE) == (0, "", "")
    assert before in NETS
    (folder / "nets.py").write_text(NETS.replace(before, after))
    code, out, err = _run(capsys, "nets.py:make", "--check", FILE)
    assert code == 1
    assert f"nets.py:make is no longer the model in {FILE}" in err
    return out.splitlines()


def test_it_is_written_to_stdout_or_to_a_file_and_the_same_again(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    code, out, err = _run(capsys, "nets.py:make")
    assert (code, err) == (0, "")
    for _ in range(2):
        assert _run(capsys, "nets.py:make", "-o", FILE) == (0, "", "")
        assert (folder / FILE).read_text() == out
    same = f"nets.py:make is still the model in {FILE}: 16 tensors\n"
    assert _run(capsys, "nets.py:make", "--check", FILE) == (0, "", same)


def test_nothing_of_this_machine_is_kept(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    _, out, _ = _run(capsys, f"{folder}/nets.py:make")
    saved = read(out.encode(), FILE)
    assert saved.inventory.ref == "nets.py:make"
    depths = saved.inventory.hints.layer_depths or {}
    said = "FileNotFoundError: some where/of/stem.bias: <Net object>, see https://x.org/a/b"  # a blank ends a path
    assert depths["stem.bias"] == said
    assert "/home/" not in out
    assert str(folder) not in out
    assert list(saved.versions) == ["torch"]
    assert "+" not in saved.versions["torch"]


def test_the_arguments_of_the_model_are_kept_and_used_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "nets.py:make", "--model-arg", "depth=5", "-o", FILE)[0] == 0
    assert _run(capsys, "nets.py:make", "--check", FILE)[0] == 0
    code, out, err = _run(capsys, "nets.py:make", "--check", FILE, "--model-arg", "depth=4")
    assert code == 1
    assert out.splitlines() == [
        "- blocks.4.conv.weight         Conv2d [8, 8, 1, 1]",
        "- blocks.4.conv.bias           Conv2d [8]",
        "- blocks.4.norm.{weight,bias}  BatchNorm2d [8]",
    ]
    assert "note: the model was given other arguments" in err
    assert f"pgaudit snapshot nets.py:make --model-arg depth=4 -o {FILE} writes it anew" in err


def test_a_config_that_names_its_model_stands_for_it(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    sub = folder / "sub"
    sub.mkdir()
    (folder / "c.yaml").rename(sub / "c.yaml")
    (folder / "nets.py").rename(sub / "nets.py")
    assert _run(capsys, "sub/c.yaml", "-o", FILE)[0] == 0
    saved = read((folder / FILE).read_bytes(), FILE)
    assert saved.model_args == {"depth": 2}
    assert saved.inventory.ref == "sub/nets.py:make"
    assert _run(capsys, "sub/nets.py:make", "--check", FILE)[0] == 0
    assert _run(capsys, "sub/c.yaml", "--check", FILE)[0] == 0
    (sub / "c.yaml").write_text("optimizer: {type: SGD, lr: 0.1}\n")
    assert '"sub/c.yaml" names no model' in _run(capsys, "sub/c.yaml")[2]


OTHER_BASES = "its class has other bases, or is another family of modules"
MOVES: list[tuple[str, str, list[str]]] = [
    ("depth=3", "depth=4", ["+ blocks.3.conv.weight         Conv2d [8, 8, 1, 1]", *["+ blocks.3."] * 2]),
    (
        '"blocks"',
        '"layers"',
        [f"~ layers.{{0..2}}.{n}.{{weight,bias}}  renamed? blocks → layers" for n in ("conv", "norm")],
    ),
    ("# here", "net.stem.bias.requires_grad = False", ["~ stem.bias  frozen now"]),
    ("# here", "net.head.half()", ["~ head.{weight,bias}  float32 → float16"]),
    (
        "width, width, 1)",
        "width, width, 1, groups=2)",
        [
            "~ blocks.{0..2}.conv.weight  [8, 8, 1, 1] → [8, 4, 1, 1], groups 1 → 2",
            "~ blocks.{0..2}.conv.bias    groups 1 → 2",
        ],
    ),
    ("nn.BatchNorm2d(", "nn.SyncBatchNorm(", ["~ blocks.{0..2}.norm.{weight,bias}  BatchNorm2d → SyncBatchNorm"]),
    (
        "class Net(nn.Module)",
        "class Net(type('A', (nn.Module,), {}))",
        [f"~ the model: {OTHER_BASES}", "~ other classes around 16 tensors"],
    ),
    (
        "# here",
        "net.blocks[1].conv.weight = net.blocks[0].conv.weight",
        ["~ blocks.0.conv.weight  tied to blocks.1.conv.weight now", "- blocks.1.conv.weight  Conv2d [8, 8, 1, 1]"],
    ),
    ("# here", "net.stem.in_channels = 4", ["~ stem.{weight,bias}  channels 3 to 8 → channels 4 to 8"]),
    ("# here", "net.no_weight_decay = lambda: ['b', 'a']", ['~ no_weight_decay() names "a" and 1 more']),
    (
        "# here",
        "net.group_matcher = lambda coarse: {'a': '^stem', 'b': '.'}",
        ['~ layer of "blocks.0.conv.weight": 0 → 1, and of 13 others', "~ layered_by: nothing → group_matcher"],
    ),
    ("def get_layer_depth", "def other", ["~ the model has no get_layer_depth() now"]),
    (
        "# here",
        "net.backbone = net.head",
        [
            "~ backbone: nothing → Linear",
            "~ head.weight  tied to backbone.weight now",
            "~ head.bias    tied to backbone.bias now",
        ],
    ),
    ("# here", "net.stem.add_module('up', net)", ['~ "stem.up" stands inside itself now']),
    ("# here", "net.module = 3", ["~ the model has an attribute `module` now"]),
    (
        "# here",
        "net.parameters = lambda: reversed([*nn.Module.parameters(net)])",
        ["~ the model's own parameters() yields others, or in another order"],
    ),
    (
        "# here",
        "net._modules = dict(reversed(net._modules.items()))",
        ['~ the order: "head.weight" stands before "stem.weight" now'],
    ),
    (
        "= nn.Conv2d(width, width, 1)",
        "= nn.Sequential(nn.Conv2d(width, width, 1))",
        ["~ blocks.{0..2}.conv.0.{weight,bias}  renamed? conv → conv.0"],
    ),
    ("Block", "Bottle", ["~ Block → Bottle around 12 tensors"]),
]


@pytest.mark.parametrize(("before", "after", "lines"), MOVES)
def test_what_has_moved_is_said(
    capsys: pytest.CaptureFixture[str], folder: Path, before: str, after: str, lines: list[str]
) -> None:
    found = _moved(capsys, folder, before, after)
    assert len(found) == len(lines)
    for line, beginning in zip(found, lines, strict=True):
        assert line.startswith(beginning)


def test_a_long_list_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "resnet18", "-o", FILE)[0] == 0
    code, out, _ = _run(capsys, "vit_tiny_patch16_224", "--check", FILE)
    lines = out.splitlines()
    assert (code, len(lines)) == (1, 21)
    assert lines[0] == "~ the model is a VisionTransformer, and was a ResNet"
    assert re.fullmatch(r"and \d+ more", lines[-1])


def test_versions_alone_are_a_note(
    capsys: pytest.CaptureFixture[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _run(capsys, "nets.py:make", "-o", FILE)[0] == 0
    monkeypatch.setattr("torch.__version__", "99.1+cu1")
    code, out, err = _run(capsys, "nets.py:make", "--check", FILE)
    assert (code, out) == (0, "")
    assert re.search(r"^note: made with torch [\d.]+; this is 99\.1$", err, re.MULTILINE)


def test_only_a_saved_inventory_is_written_over(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    code, _, err = _run(capsys, "nets.py:make", "-o", "c.yaml")
    assert (code, err) == (2, "error: c.yaml exists, and is no saved inventory\n  name another file, or remove it\n")
    assert (folder / "c.yaml").read_text() == CONFIG
    (folder / FILE).write_text('{"pgaudit_inventory": 1,\n<<<<<<< HEAD\n')
    assert _run(capsys, "nets.py:make", "-o", FILE)[0] == 0
    assert _run(capsys, "nets.py:make", "--check", FILE)[0] == 0


def test_a_file_leads_to_no_code_by_itself(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(capsys, "nets.py:make", "-o", FILE)[0] == 0
    code, _, err = _run(capsys, "--check", FILE)
    assert code == 2
    assert f"pgaudit snapshot nets.py:make --check {FILE}" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "MODEL is missing\n  pgaudit snapshot MODEL -o model.inventory.json"),
        (["x.json"], '"x.json" is a file, and names no model\n  pgaudit snapshot --check x.json'),
        (["--check", "x.json"], 'no such inventory file: "x.json"'),
        (["--check", "c.yaml"], "this is some text, not a saved inventory"),
        (["--check", FILE, "-o", "y.json"], "--check writes no file"),
        (["nets.py:mak"], 'did you mean "make"?'),
        (["resnet81"], "did you mean resnet18"),
        (["nets.py:make", "-o", "no/such/folder.json"], "cannot write"),
        (["nets.py:make", "--model-arg", "depth"], "is not key=value"),
        (["nets.py:make", "--model-arg", "dept=2"], "unexpected keyword argument"),
    ],
)
def test_a_slip_gets_one_message(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    code, out, err = _run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_the_page_shows_a_real_file(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/snapshot.md").read_text("utf-8")
    (shown,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    real = _run(capsys, "resnet18")[1].splitlines()
    for line in shown.splitlines():
        if line != "..." and not line.startswith(('"made_with"', '"version"', '"checksum"')):
            assert line in real
