"""A constructor of another package, installed as one, under every command. It is the one of docs/plugins.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")


def _block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


CONFIG = """\
constructor: halved
optimizer: {type: SGD, lr: 0.25, weight_decay: 0.5}
paramwise_cfg: {levels: 2}
"""
BROKEN = "import nowhere\n"


def _wheel(folder: Path, name: str, source: str, points: str) -> Path:
    """A wheel as a build backend makes it; making it here needs none."""
    dist, module = f"{name.replace('-', '_')}-0.1.dist-info", name.replace("-", "_")
    files = {
        f"{module}.py": source,
        f"{dist}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n",
        f"{dist}/WHEEL": "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{dist}/entry_points.txt": f"[pgaudit.constructors]\n{points}\n",
    }
    path = folder / f"{module}-0.1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in files.items():
            wheel.writestr(file, text)
        wheel.writestr(f"{dist}/RECORD", "".join(f"{file},,\n" for file in [*files, f"{dist}/RECORD"]))
    return path


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder into which pip has installed a plug-in, and one that cannot be loaded."""
    wheels = tmp_path_factory.mktemp("wheels")
    points = re.search(r"^halved = \"(.*)\"$", _block("toml"), re.MULTILINE)
    assert points
    made = [
        _wheel(wheels, "pgaudit-halved", _block("python"), f"halved = {points[1]}"),
        _wheel(wheels, "pgaudit-broken", BROKEN, "broken = pgaudit_broken:Broken\nmmcv = pgaudit_broken:Broken"),
        _wheel(wheels, "pgaudit-bare", "class Bare:\n    library = 'none'\n", "bare = pgaudit_bare:Bare"),
    ]
    target = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(target)]
    subprocess.run([*pip, *map(str, made)], check=True, timeout=120)
    (target / "c.yaml").write_text(CONFIG)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(target)]), "COLUMNS": "200"}
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    with subprocess.Popen([sys.executable, "-c", _ANSWERS], cwd=target, env=environment, **pipes) as process:
        _PROCESSES[target] = process
        yield target


_ANSWERS = """
import contextlib, io, json, sys
from pgaudit.cli import main

for line in sys.stdin:
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", newline="") for _ in range(2))
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(json.loads(line))
    out.flush(), err.flush()
    print(json.dumps([code, *(each.buffer.getvalue().decode() for each in (out, err))]), flush=True)
"""
_PROCESSES: dict[Path, subprocess.Popen[str]] = {}


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def _pgaudit(site: Path, arguments: Sequence[str]) -> Done:
    """What a command line answers in a process that has the plug-ins; it is one for all, for they load torch."""
    process = _PROCESSES[site]
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(arguments) + "\n")
    process.stdin.flush()
    return Done(*json.loads(process.stdout.readline()))


def test_it_is_listed_with_the_package_that_brings_it(installed: Path) -> None:
    done = _pgaudit(installed, ["constructors"])
    assert done.returncode == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines() if line}
    assert lines["halved"].split(None, 4)[1:] == [
        *("our", "trainer", "2.3"),
        "lr halved once a level of depth, from pgaudit-halved 0.1 (pgaudit_halved:Halved)",
    ]
    assert lines["mmcv"].split()[1:3] == ["mmcv", "1.7.2"], "a built-in name cannot be taken"


def test_what_cannot_be_loaded_does_not_keep_the_others_from_it(installed: Path) -> None:
    done = _pgaudit(installed, ["constructors"])
    assert "broken" not in done.stdout
    assert 'the constructor "broken" of pgaudit-broken 0.1 (pgaudit_broken:Broken) cannot be loaded' in done.stderr
    assert "ModuleNotFoundError: No module named 'nowhere'" in done.stderr
    assert 'the constructor "bare" of pgaudit-bare 0.1 (pgaudit_bare:Bare) has no name, title' in done.stderr


@pytest.mark.parametrize("name", ["broken", "bare"])
def test_a_config_that_names_it_gets_one_message(installed: Path, name: str) -> None:
    done = _pgaudit(installed, ["show", "resnet18", "c.yaml", "--constructor", name])
    assert (done.returncode, done.stdout) == (2, "")
    assert f'the constructor "{name}"' in done.stderr
    assert "Traceback" not in done.stderr


def test_a_typo_is_compared_with_its_name_too(installed: Path) -> None:
    done = _pgaudit(installed, ["show", "resnet18", "c.yaml", "--constructor", "halvd"])
    assert done.returncode == 2
    assert 'did you mean "halved"?' in done.stderr


def test_show(installed: Path) -> None:
    done = _pgaudit(installed, ["show", "resnet18", "c.yaml", "--format", "json"])
    assert done.returncode == 0, done.stderr
    params = {param["name"]: param for param in json.loads(done.stdout)["params"]}
    lrs = {name: params[name]["lr"] for name in ("conv1.weight", "layer1.0.conv1.weight", "fc.bias")}
    assert lrs == {"conv1.weight": 0.125, "layer1.0.conv1.weight": 0.0625, "fc.bias": 0.125}
    assert params["fc.bias"]["lr_rule"] == {"option": "levels", "key": None, "line": 3, "column": 17}


def test_explain(installed: Path) -> None:
    done = _pgaudit(installed, ["explain", "resnet18", "c.yaml", "fc.bias"])
    assert done.returncode == 0, done.stderr
    assert "our trainer 2.3 tries, in this order:" in done.stdout
    assert "levels" in done.stdout
    assert "0.125" in done.stdout


def test_lock_and_check(installed: Path) -> None:
    assert _pgaudit(installed, ["lock", "resnet18", "c.yaml", "-o", "c.lock"]).returncode == 0
    checked = ["check", "resnet18", "c.yaml", "--lock", "c.lock"]
    assert _pgaudit(installed, checked).returncode == 0
    (installed / "d.yaml").write_text(CONFIG.replace("levels: 2", "levels: 1"))
    done = _pgaudit(installed, ["check", "resnet18", "d.yaml", "--lock", "c.lock"])
    assert done.returncode == 1
    assert "lr 0.0625 → 0.125 by levels" in done.stdout


def test_diff(installed: Path) -> None:
    done = _pgaudit(installed, ["diff", "c.yaml", "c.yaml", "--model", "resnet18", "--exit-code"])
    assert done.returncode == 0, done.stderr


def test_an_option_that_it_does_not_read_is_found(installed: Path) -> None:
    (installed / "e.yaml").write_text(CONFIG.replace("levels: 2", "level: 2"))
    done = _pgaudit(installed, ["check", "resnet18", "e.yaml", "--fail-on", "error"])
    assert done.returncode == 1
    assert 'has no option "level" in paramwise_cfg' in done.stdout
    assert 'did you mean "levels"?' in done.stdout


def test_it_has_nothing_to_verify_against(installed: Path) -> None:
    done = _pgaudit(installed, ["verify", "resnet18", "c.yaml"])
    assert done.returncode == 2
    assert "there is no library to ask behind halved" in done.stderr
