"""`pgaudit explore` as a user types it: what keeps it from beginning, and that it begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgaudit import cli
from pgaudit.cli import explore
from pgaudit.cli.shared.lazy import COMMANDS
from tests.explore.made import CONFIG

ROOT = Path(__file__).parents[2]


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = cli.main(["explore", *arguments])
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


def test_off_a_terminal_there_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    code, err = _run(capsys, "resnet18", "configs/resnet50_mmcv.yaml")
    assert code == 2
    assert err == "error: explore needs a terminal to draw on and to read keys from\n  pgaudit show prints the same\n"


def test_without_textual_there_is_one_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explore, "find_spec", lambda name: None)
    code, err = _run(capsys, "resnet18", "configs/resnet50_mmcv.yaml")
    assert code == 2
    assert err == "error: explore needs textual, which is not installed\n  pip install 'pgaudit[tui]'\n"


def test_a_config_without_a_model_is_refused_as_elsewhere(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(explore, "_refuse_elsewhere", lambda: None)
    (tmp_path / "c.yaml").write_text("optimizer: {type: SDG, lr: 0.1}\n")
    code, err = _run(capsys, "resnet18", str(tmp_path / "c.yaml"))
    assert code == 2
    assert "SDG" in err
    assert "Traceback" not in err


def test_it_begins_with_what_is_tried_and_says_what_is_not_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pgaudit.explore.app import Explorer

    moved = []
    monkeypatch.setattr(explore, "_refuse_elsewhere", lambda: None)
    monkeypatch.setattr(Explorer, "run", lambda app: moved.append(len(app.session.now.moved)))
    monkeypatch.chdir(tmp_path)
    Path("net.py").write_text((ROOT / "tests" / "explore" / "net.py").read_text())
    Path("c.yaml").write_text(f"model: net.py:Net\n{CONFIG}")
    code, err = _run(capsys, "c.yaml", "--lr", "0.2", "--set", "paramwise_cfg.custom_keys.fcc.lr_mult=1")
    assert code == 0
    assert moved == [74]
    assert "fcc" in err.splitlines()[0]  # of no effect, as elsewhere
    assert err.splitlines()[-1] == (
        "note: not written: --set optimizer.lr=0.2 --set paramwise_cfg.custom_keys.fcc.lr_mult=1"
    )
    assert _run(capsys, "c.yaml") == (0, "")
    for options, message in (
        (["net.py:Net", "--lr", "1"], "are for a config"),
        (["c.yaml", "--set", "lr"], "is not key=value"),
        (["c.yaml", "--lr", "-1"], "-1"),
    ):
        code, err = _run(capsys, *options)
        assert code == 2
        assert message in err


def test_no_other_command_loads_textual() -> None:
    modules = [module for name, (module, _) in COMMANDS.items()]
    code = f"import sys, importlib; [importlib.import_module(m) for m in {modules!r}]; print('textual' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("source", ["c.yaml", "report.json", "train.py:make"])
def test_on_a_terminal_it_begins_and_ends(source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pty
    import select
    import time

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "c.yaml").write_text(f"model: net.json\n{CONFIG}")
    (tmp_path / "net.py").write_text((ROOT / "tests" / "explore" / "net.py").read_text())
    assert cli.main(["snapshot", "net.py:Net", "-o", "net.json"]) == 0
    assert cli.main(["show", "c.yaml", "-o", "report.json"]) == 0
    (tmp_path / "train.py").write_text(
        "import torch, net\ndef make():\n    m = net.Net()\n    return m, torch.optim.SGD(m.parameters(), 0.1)\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    command = [sys.executable, "-m", "pgaudit", "explore", source]
    main, side = pty.openpty()
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stdin=side, stdout=side, stderr=side)
    os.close(side)
    seen, until = b"", time.monotonic() + 120
    asked = False
    try:
        while time.monotonic() < until and process.poll() is None:
            if select.select([main], [], [], 0.5)[0]:
                try:
                    seen += os.read(main, 65536)
                except OSError:  # the other end is closed
                    break
            if b"blocks.0" in seen and not asked:
                os.write(main, b"q")
                asked = True
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(main)
    assert b"fc1.weight" in seen
    assert b"Traceback" not in seen
