"""On a real terminal every line fits, and none ends in blanks, whatever the command and the format."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from rich.cells import cell_len

from pgaudit.cli.shared.lazy import COMMANDS
from pgaudit.render.choices import DiffFormat, Format, GateFormat, PageFormat, PlainFormat, SweepFormat

REPOSITORY = Path(__file__).parents[2]
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_DRIVER = """
import fcntl, json, struct, sys, termios
from pgaudit import cli
for line in open("cases.json"):
    columns, case = json.loads(line)
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    print("\\0" + line, end="", flush=True)
    code = cli.main(case)
    print(f"\\0\\0{code}", flush=True)
"""
FILES = {
    "nets.py": """
from torch import nn
def tiny(width=2): return nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width), nn.LayerNorm(width))
def wide(): return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 3, bias=False))
def tied():
    net = tiny()
    net[0].bias = net[1].bias
    net[1].weight.requires_grad_(False)
    return net
def exits(): raise SystemExit("a long reason why this model cannot be built, which no narrow terminal has room for")
""",
    "typo.yaml": """
model: nets.py:tied
optimizer: {type: SGD, lr: 0.1, momentum: 0.9, weight_decay: 1.0e-4}
paramwise_cfg: {norm_decay_mutl: 0, bias_lr_mult: 2, custom_keys: {nothing.has.this.name: {lr_mult: 0.1}, '1': {}}}
""",
    "plain.yaml": "model: nets.py:tiny\noptimizer: {type: SGD, lr: 0.2, weight_decay: 1.0e-4}\n",
    "expect.yaml": "groups: 7\nparameters: {'0.*': {lr: 0.5}, '1.*': {weight_decay: 0}}\n",
    "pgaudit.yaml": """
audits:
  - {name: a name of an audit that is as long as names of audits are at times, config: typo.yaml}
  - {config: plain.yaml, expect: expect.yaml, lock: x.lock}
  - {config: plain.yaml, model: 'nets.py:exits'}
""",
}
MACHINE = {
    "json", "jsonl", "csv", "markdown", "svg", "html", "sarif", "junit", "github", "gitlab",
    "concise",  # a finding a line, for grep and editors
}  # fmt: skip
FOR_FILES = {"lock", "snapshot", "convert"}
"""What these print is a file."""


def _cases() -> Iterator[list[str]]:
    for name in COMMANDS:
        yield [name, "--help"]
    yield ["--help"]
    for fmt in get_args(Format):
        for model, config in (("resnet18", "configs/resnet50_mmcv.yaml"), ("nets.py:tied", "typo.yaml")):
            yield ["show", model, config, "--format", fmt]
    for options in (["--groups"], ["--mult", "--changed"], ["--group-by", "module"], ["--filter", "*bias"]):
        for model, config in (("test_vit", "configs/vit_timm.yaml"), ("nets.py:tied", "typo.yaml")):
            yield ["show", model, config, *options]
    for path in sorted((REPOSITORY / "configs").glob("*.yaml")):
        if path.name.startswith("vit"):
            yield ["explain", "test_vit", f"configs/{path.name}", "blocks.0.norm?.*"]
        else:
            yield ["show", "resnet18", f"configs/{path.name}", "--fold", "--groups"]
    for fmt in get_args(PlainFormat):
        yield ["explain", "typo.yaml", "*", "--format", fmt]
    for fmt in get_args(DiffFormat):
        yield ["diff", "plain.yaml", "typo.yaml", "--model", "nets.py:tied", "--format", fmt]
        yield [
            "diff",
            "configs/resnet50_mmcv.yaml",
            "configs/finetune_mmcv.yaml",
            "-m",
            "resnet18",
            "--format",
            fmt,
        ]
    yield ["diff", "x.lock", "typo.yaml", "--no-fold"]
    for gate_format in get_args(GateFormat):
        yield ["check", "--format", gate_format]
    yield ["check", "typo.yaml", "--fail-on", "info"]
    yield ["check", "resnet18", "configs/finetune_mmcv.yaml", "--fail-on", "info"]
    for fmt in get_args(SweepFormat):
        yield ["sweep", "nets.py:t*", "typo.yaml", "plain.yaml", "-j", "1", "--format", fmt]
    yield ["sweep", "resnet1?", "configs/resnet50_mmcv.yaml", "configs/finetune_mmcv.yaml", "-j", "1", "--all"]
    yield ["sweep", "*.py:exits", "configs/finetune_mmcv.yaml", "plain.yaml", "-j", "1", "--all"]
    for fmt in get_args(PlainFormat):
        yield ["verify", "test_vit", "configs/vit_timm.yaml", "--format", fmt]
    for fmt in get_args(PageFormat):
        yield ["finding", "--format", fmt]
        yield ["finding", "PG003", "--format", fmt]
        yield ["constructors", "--format", fmt]
    from pgaudit.catalogue.listing import built_in
    from pgaudit.checks.documentation import all_documentation

    yield from (["finding", each.kind.code] for each in all_documentation())
    yield from (["constructors", each.constructor.name] for each in built_in())
    yield ["models", "resnet*"]
    yield ["cache", "info"]
    yield ["lock", "nets.py:tied", "typo.yaml"]
    yield ["convert", "plain.yaml", "--to", "rules"]
    yield ["snapshot", "nets.py:tiny"]
    yield ["snapshot", "--check", "moved.json", "nets.py:wide"]


COLUMNS = (60, 80, 120)


def _for_programs(case: list[str]) -> bool:
    """Whether what is printed is for a program, or a file: its lines are as long as they are, whatever the terminal."""
    for_a_file = case[0] in FOR_FILES and "--check" not in case and "--help" not in case
    return for_a_file or ("--format" in case and case[case.index("--format") + 1] in MACHINE)


def test_every_line_fits_and_none_ends_in_blanks(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    shutil.copytree(REPOSITORY / "configs", tmp_path / "configs")
    cases = [(columns, case) for case in _cases() for columns in (COLUMNS[:1] if _for_programs(case) else COLUMNS)]
    assert {case[0] for _, case in cases} >= set(COMMANDS)
    (tmp_path / "cases.json").write_text("".join(json.dumps(case) + "\n" for case in cases))
    from pgaudit import cli

    here = os.getcwd()
    os.chdir(tmp_path)
    try:
        assert cli.main(["lock", "nets.py:wide", "plain.yaml", "-o", "x.lock"]) == 0
        assert cli.main(["snapshot", "nets.py:tiny", "-o", "moved.json"]) == 0
    finally:
        os.chdir(here)
    answers = _on_a_terminal(tmp_path)
    assert [(columns, case) for columns, case, _, _ in answers] == cases
    wrong: list[str] = []
    for columns, case, code, text in answers:
        assert code in (0, 1, 2), case
        assert text or code == 2, case
        exempt = _for_programs(case)
        wrong += [
            f"{columns}: {' '.join(case)}: {cell_len(line)} cells: {line[:300]!r}"
            for line in _ESCAPES.sub("", text).split("\r\n")
            if line != line.rstrip() or (not exempt and cell_len(line) > columns)
        ]
    assert not wrong, "\n".join(wrong)


def _on_a_terminal(folder: Path) -> list[tuple[int, list[str], int, str]]:
    """Runs all cases in one process whose stdout is a terminal; returns each with its exit code and its output."""
    main, other = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(REPOSITORY), "PYTHONUTF8": "1"}
    with (folder / "stderr").open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-c", _DRIVER], cwd=folder, stdin=other, stdout=other, stderr=stderr, env=environment
        )
    os.close(other)
    written = b""
    try:
        while chunk := os.read(main, 65536):
            written += chunk
    except OSError:  # the other end is closed
        pass
    os.close(main)
    assert process.wait() == 0, (folder / "stderr").read_text()
    answers = []
    for part in written.decode().split("\0[")[1:]:
        head, _, rest = part.partition("\r\n")
        text, _, code = rest.partition("\0\0")
        answers.append((*json.loads("[" + head), int(code), text))
    return answers


def test_errors_on_a_terminal_show_the_line(tmp_path: Path) -> None:
    """As wide as stderr's terminal, whatever stdout is; in a pipe they are what they were."""
    (tmp_path / "bad.yaml").write_text("optimizer: {type: SGD, lr: 0.1}\nparamwise_cgf: {}\n")
    command = [sys.executable, "-m", "pgaudit", "show", "resnet18", "bad.yaml"]
    plain = 'bad.yaml:2:1: error: unknown key "paramwise_cgf"\n  did you mean "paramwise_cfg"?\n'
    piped = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (piped.returncode, piped.stderr) == (2, plain)
    assert _on_terminal(command, tmp_path, NO_COLOR="1") == [
        'bad.yaml:2:1: error: unknown key "paramwise_cgf"',
        "  2 | paramwise_cgf: {}",
        '    | ^^^^^^^^^^^^^ did you mean "paramwise_cfg"?',
    ]
    coloured = _on_terminal(command, tmp_path, NO_COLOR="")
    assert any("\x1b[1;31m^^^^^^^^^^^^^\x1b[0m" in line for line in coloured)
    assert not any("\x1b" in line for line in _on_terminal([*command, "--color", "never"], tmp_path, NO_COLOR=""))


def _on_terminal(command: list[str], folder: Path, **environment: str) -> list[str]:
    """What a command says on stderr, which is a terminal of 60 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    env = {**os.environ, "TERM": "xterm", **environment}
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=theirs, env=env):
        os.close(theirs)
        said = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # how Linux says that nobody has it open any more
                break
            if not piece:
                break
            said += piece
    os.close(ours)
    return said.decode().splitlines()
