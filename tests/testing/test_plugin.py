"""The pytest plugin, in real runs of pytest: in this process, and in others with the entry point that is installed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import timm  # noqa: F401  a run of pytest inside this one must not be the first to load it: it would load it twice
import torch
from hypothesis import example, given
from hypothesis import strategies as st

import pgaudit
from pgaudit.gate import baseline
from pgaudit.render import assertion
from pgaudit.testing.plugin import _file_name, assert_param_groups
from tests.render.reports import HOSTILE, POLICY, Net

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]
# Whether or not the entry point is installed here: it is switched off, and the module loaded by its name.
BY_NAME = ("-p", "no:pgaudit", "-p", "pgaudit.testing.plugin", "-p", "no:cacheprovider", "-p", "no:randomly")

TESTS = """
    import os
    import pytest
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 1)
            self.bn = nn.BatchNorm2d(4)
            self.fc = nn.Linear(4, 2)

    def policy(**given):
        return {"optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4}, "paramwise_cfg": given}
"""


def _run(pytester: pytest.Pytester, tests: str, *arguments: str) -> pytest.RunResult:
    pytester.makepyfile(test_it=f"{TESTS}\n{tests}")
    return pytester.runpytest_inprocess(*BY_NAME, *arguments)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


# The function by itself.


def test_it_returns_the_report() -> None:
    report = assert_param_groups(Net(), POLICY, expect={"params": {"head.weight": {"lr": 1.0}}})
    assert report.to_dict() == pgaudit.audit(Net(), POLICY).to_dict()


EXPECT = {"params": {"*bn1*": {"weight_decay": 0.0}}, "rules": {"head": ("head.*",)}}


def test_expectations_come_as_a_mapping_a_file_or_with_the_config(tmp_path: Path) -> None:
    import yaml

    wrong = {"params": {"*bn1*": {"weight_decay": 0.5}}}
    path = tmp_path / "expect.yaml"
    for expect, holds in ((EXPECT, True), (wrong, False)):
        plain = {**expect, "rules": {"head": ["head.*"]}}
        path.write_text(yaml.safe_dump(plain))
        ways = ((POLICY, expect), (POLICY, path), (POLICY, str(path)), (POLICY | {"expect": plain}, None))
        for config, given_as in ways:
            if holds:
                assert_param_groups(Net(), config, expect=given_as)
            else:
                with pytest.raises(AssertionError, match="expected weight_decay 0.5, got 0.0 by norm_decay_mult"):
                    assert_param_groups(Net(), config, expect=given_as)


def test_the_caller_beats_the_configs_expectations() -> None:
    config = POLICY | {"expect": {"params": {"*": {"lr": 77}}}}
    with pytest.raises(AssertionError, match="expected lr 77"):
        assert_param_groups(Net(), config)
    assert_param_groups(Net(), config, expect=EXPECT)


def test_findings_fail_where_asked_for() -> None:
    config = POLICY | {"expect": EXPECT_LISTS | {"findings": {"fail_on": "error"}}}
    with pytest.raises(AssertionError, match="PG011"):
        assert_param_groups(Net(), config)
    with pytest.raises(AssertionError, match="PG011"):
        assert_param_groups(Net(), POLICY, fail_on="error")
    assert_param_groups(Net(), config, fail_on="never")
    assert_param_groups(Net(), POLICY, expect=EXPECT)


EXPECT_LISTS = {**EXPECT, "rules": {"head": ["head.*"]}}


@pytest.mark.parametrize(
    ("given_as", "message"),
    [
        ({}, "nothing is asserted"),
        ({"expect": {}}, "nothing is asserted"),
        ({"fail_on": "never"}, "nothing is asserted"),
        ({"fail_on": "warnign"}, 'fail_on="warnign" is no severity.*"warning"'),
        ({"expect": {"parms": {}}}, 'unknown key "parms".*"params"'),
        ({"expect": {"params": {"a": {"lr": "fast"}}}}, r"expect\.params\.a\.lr"),
        ({"expect": {"rules": {"a": 1.5}}}, r"expect\.rules\.a: expected a whole number"),
        ({"expect": {"rules": {3: 1}}}, r"expect\.rules"),
        ({"expect": ["params"]}, "expect: .*list"),
        ({"expect": "gone.yaml"}, "no such expectations file"),
        ({"baseline": "gone.json", "fail_on": "info"}, "no such baseline file"),
        ({"constructor": "mmvc", "fail_on": "info"}, "unknown constructor"),
    ],
)
def test_a_mistake_is_no_failure_and_is_named(given_as: dict, message: str) -> None:
    with pytest.raises(pgaudit.PgauditError, match=message) as caught:
        assert_param_groups(Net(), POLICY, **given_as)
    deepest = caught.traceback[-1].path
    assert Path(deepest).name == "assertions.py"  # no frames of the inside


def test_a_missing_lock_is_not_written_unasked(tmp_path: Path) -> None:
    lock = tmp_path / "net.lock"
    with pytest.raises(AssertionError, match=r"no lock yet: .*net.lock\n  update_lock=True writes it"):
        assert_param_groups(Net(), POLICY, lock=lock)
    assert not lock.exists()
    assert_param_groups(Net(), POLICY, lock=lock, update_lock=True)
    assert_param_groups(Net(), POLICY, lock=lock)


@pytest.mark.parametrize("damage", [b"", b"<<<<<<< HEAD\n", b"pgaudit lock, format 99\n", b"\xff"])
def test_a_damaged_lock_is_an_error_until_it_is_written_anew(tmp_path: Path, damage: bytes) -> None:
    lock = tmp_path / "net.lock"
    lock.write_bytes(damage)
    with pytest.raises(pgaudit.ConfigError, match=r"net\.lock"):
        assert_param_groups(Net(), POLICY, lock=lock)
    assert_param_groups(Net(), POLICY, lock=lock, update_lock=True)
    assert_param_groups(Net(), POLICY, lock=lock)


def test_a_lock_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(pgaudit.UsageError, match="cannot write"):
        assert_param_groups(Net(), POLICY, lock=tmp_path / "file" / "net.lock", update_lock=True)


# What was built, in the place of a config.


def _built() -> tuple[Net, Any]:
    from torch import optim

    model = Net()
    norms = [tensor for name, tensor in model.named_parameters() if "bn" in name]
    rest = [tensor for name, tensor in model.named_parameters() if "bn" not in name]
    groups: list[dict[str, Any]] = [{"params": rest}, {"params": norms, "weight_decay": 0.0}]
    return model, optim.SGD(groups, lr=0.1, weight_decay=1e-4)


def test_an_optimizer_takes_the_place_of_a_config(tmp_path: Path) -> None:
    model, optimizer = _built()
    lock = tmp_path / "net.lock"
    expect = {"params": {"*bn1*": {"weight_decay": 0.0}}, "groups": {"max": 2}}
    report = assert_param_groups(model, optimizer, expect=expect, lock=lock, update_lock=True)
    assert report.to_dict() == pgaudit.audit(model, optimizer).to_dict()
    assert_param_groups(model, [optimizer], lock=lock)
    assert_param_groups(model, {"": optimizer}, lock=lock)
    optimizer.param_groups[0]["lr"] = 0.5
    with pytest.raises(AssertionError) as caught:
        assert_param_groups(model, optimizer, lock=lock, expect={"params": {"*bn1*": {"weight_decay": 0.5}}})
    said = str(caught.value)
    assert re.match(r"Net under SGD: \d+ failures\n\n", said)
    assert "expected weight_decay 0.5, got 0.0" in said
    assert "lr 0.1 → 0.5" in said
    assert "if that is meant: update_lock=True" in said


def test_findings_about_what_was_built_fail_with_a_baseline(tmp_path: Path) -> None:
    from tests.callbacks import toy

    model, optimizer = _built()
    optimizer.param_groups[0]["lr"] = 0.125
    toy.add()
    try:
        with pytest.raises(AssertionError, match="PG990"):
            assert_param_groups(model, optimizer, fail_on="warning")
        report = assert_param_groups(model, optimizer, fail_on="error")
        known = tmp_path / "known.json"
        known.write_text(baseline.written(report.findings))
        assert_param_groups(model, optimizer, fail_on="warning", baseline=known)
    finally:
        toy.remove()


@pytest.mark.parametrize(
    ("given_as", "message"),
    [
        ({}, "nothing is asserted"),
        ({"constructor": "mmcv", "fail_on": "info"}, "constructor= is for a config"),
        ({"model_args": {"a": 1}, "fail_on": "info"}, "model_args= is for a model that is named"),
    ],
)
def test_a_mistake_beside_an_optimizer(given_as: dict, message: str) -> None:
    with pytest.raises(pgaudit.UsageError, match=message):
        assert_param_groups(*_built(), **given_as)


def test_another_rank_writes_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "net.lock"
    assert_param_groups(*_built(), lock=lock, update_lock=True)
    before = lock.read_bytes()
    model, optimizer = _built()
    optimizer.param_groups[0]["lr"] = 0.5
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(AssertionError):
        assert_param_groups(model, optimizer, lock=lock, update_lock=True)
    assert lock.read_bytes() == before


# What a failure says.


def _moved(lock: Path) -> str:
    assert_param_groups(Net(), POLICY, lock=lock, update_lock=True)
    moved = POLICY | {"paramwise_cfg": {"bypass_duplicate": True, "custom_keys": {"head": {"lr_mult": 20}}}}
    with pytest.raises(AssertionError) as caught:
        assert_param_groups(Net(), moved, lock=lock, expect={"params": {"*.dwconv.weight": {"lr": 3}}})
    return str(caught.value)


def test_a_failure_says_what_moved_and_why(tmp_path: Path) -> None:
    said = _moved(tmp_path / "net.lock")
    assert re.match(r"Net under a config: \d+ failures\n\n", said)
    for words in (
        "expected lr 3, got 0.1 by default",
        "lr 1.0 → 2.0 by custom_keys.head",
        "if that is meant: update_lock=True",
        "net.lock → a config",
        'custom_keys "head") = 2',
        "mmcv 1.7.2 tries, in this order:",
    ):
        assert words in said
    assert "pgaudit lock --update" not in said


def test_a_failure_is_plain_text_that_fits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    for columns in (70, 100):
        monkeypatch.setenv("COLUMNS", str(columns))
        said = _moved(Path(f"{columns}.lock"))
        assert said.replace("\n", "").isprintable()
        longest = max((line for line in said.split("\n") if HOSTILE[:6] not in line), key=len)
        assert len(longest) <= columns - len("E       "), longest


def test_a_long_diff_is_cut_in_the_middle(tmp_path: Path) -> None:
    from torch import nn

    names = [f"{letter}{number}" for letter in "abcdefgh" for number in (1, 5, 22, 71, 85)]
    net = nn.Module()
    for index, name in enumerate(names):
        net.add_module(name, nn.Linear(2, 2 + index))
    before, after = (
        {
            "optimizer": {"type": "SGD", "lr": 0.1},
            "paramwise_cfg": {"custom_keys": {name: {"lr_mult": at + index} for index, name in enumerate(names)}},
        }
        for at in (2, 100)
    )
    lock = tmp_path / "net.lock"
    assert_param_groups(net, before, lock=lock, update_lock=True)
    with pytest.raises(AssertionError, match=r"and \d+ lines more") as caught:
        assert_param_groups(net, after, lock=lock)
    assert f"~ {2 * len(names)} changed · 0 unchanged" in str(caught.value)
    diff = str(caught.value).partition("net.lock → a config")[2].partition("unchanged")[0]
    assert len(diff.splitlines()) == assertion._DIFF_LINES


# The fixture.

LOCKED = """
    def test_a(pgaudit):
        pgaudit.assert_param_groups(Net(), policy(norm_decay_mult={mult}), lock=True)
"""


def test_the_life_of_a_lock(pytester: pytest.Pytester) -> None:
    lock = pytester.path / "__pgaudit__" / "test_it" / "test_a.lock"
    missing = _run(pytester, LOCKED.format(mult=0.0))
    missing.assert_outcomes(failed=1)
    missing.stdout.fnmatch_lines(["E *no lock yet: __pgaudit__*test_it*test_a.lock", "E *pytest --pgaudit-update *"])
    assert not lock.exists()

    wrote = _run(pytester, LOCKED.format(mult=0.0), "--pgaudit-update")
    wrote.assert_outcomes(passed=1)
    wrote.stdout.fnmatch_lines(["pgaudit wrote __pgaudit__*test_a.lock"])
    first = lock.read_bytes()

    again = _run(pytester, LOCKED.format(mult=0.0), "--pgaudit-update")
    again.stdout.no_fnmatch_line("pgaudit wrote*")
    _run(pytester, LOCKED.format(mult=0.0)).assert_outcomes(passed=1)

    moved = _run(pytester, LOCKED.format(mult=0.5))
    moved.assert_outcomes(failed=1)
    moved.stdout.fnmatch_lines(
        ["E *weight_decay 0.0 → 5e-05 by norm_decay_mult*", "E *if that is meant: pytest --pgaudit-update*"]
    )
    assert lock.read_bytes() == first

    _run(pytester, LOCKED.format(mult=0.5), "--pgaudit-update").assert_outcomes(passed=1)
    assert lock.read_bytes() != first


def test_the_fixture_locks_what_was_built(pytester: pytest.Pytester) -> None:
    tests = """
    import torch
    def test_a(pgaudit):
        model = Net()
        pgaudit.assert_param_groups(model, torch.optim.SGD(model.parameters(), lr={lr}), lock=True)
    """
    _run(pytester, tests.format(lr=0.1), "--pgaudit-update").assert_outcomes(passed=1)
    _run(pytester, tests.format(lr=0.1)).assert_outcomes(passed=1)
    moved = _run(pytester, tests.format(lr=0.2))
    moved.assert_outcomes(failed=1)
    moved.stdout.fnmatch_lines(["E *lr 0.1 → 0.2*", "E *if that is meant: pytest --pgaudit-update*"])


def test_every_test_and_every_call_has_a_lock_of_its_own(pytester: pytest.Pytester) -> None:
    tests = """
    class TestIt:
        @pytest.mark.parametrize("word", ["plain", "a/b", "a b", "../../up", "x::y", "é", "x" * 300])
        def test_a(self, pgaudit, word):
            for mult in (0.0, 0.5):
                pgaudit.assert_param_groups(Net(), policy(norm_decay_mult=mult), lock=True)
    """
    _run(pytester, tests, "--pgaudit-update").assert_outcomes(passed=7)
    found = [*(pytester.path / "__pgaudit__" / "test_it").iterdir()]
    assert len(found) == 14
    assert {path.name for path in found} >= {"TestIt.test_a[plain].lock", "TestIt.test_a[plain].2.lock"}
    assert [*pytester.path.rglob("*.lock")] == [path for path in pytester.path.rglob("*.lock") if path in found]
    _run(pytester, tests).assert_outcomes(passed=7)


@given(st.text(min_size=1), st.text(min_size=1))
@example("test_a[a/b]", "test_a[a_b]")
@example("x" * 300, "x" * 301)
def test_file_names_are_safe_and_tell_random_tests_apart(one: str, other: str) -> None:
    for test in (one, other):
        assert re.fullmatch(r"[\w.,=+\[\]-]{1,140}", _file_name(test), re.ASCII)
    assert (one == other) == (_file_name(one) == _file_name(other))


def test_files_lie_beside_the_test_and_configs_in_the_current_folder(pytester: pytest.Pytester) -> None:
    pytester.makefile(".yaml", config="optimizer: {type: SGD, lr: 0.1}\n")
    below = pytester.mkdir("below")
    (below / "expect.yaml").write_text("groups: {max: 6}\n")
    tests = """
    def test_a(pgaudit):
        pgaudit.assert_param_groups(Net(), "config.yaml", expect="expect.yaml", lock="locks/a.lock")
    """
    path = pytester.makepyfile(test_it=f"{TESTS}\n{tests}")
    path.rename(below / path.name)
    pytester.runpytest_inprocess(*BY_NAME, "--pgaudit-update").assert_outcomes(passed=1)
    assert (below / "locks" / "a.lock").is_file()
    pytester.runpytest_inprocess(*BY_NAME).assert_outcomes(passed=1)


def test_an_update_forgives_no_other_failure(pytester: pytest.Pytester) -> None:
    tests = """
    def test_a(pgaudit):
        pgaudit.assert_param_groups(Net(), policy(norm_decay_mult=0.0), lock=True, expect={"params": {"*": {"lr": 5}}})
    """
    result = _run(pytester, tests, "--pgaudit-update")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *expected lr 5, got 0.1*", "pgaudit wrote *test_a.lock"])


def test_a_traceback_shows_the_test_alone(pytester: pytest.Pytester) -> None:
    tests = """
    from pgaudit.testing.plugin import assert_param_groups
    def test_failure(pgaudit):
        pgaudit.assert_param_groups(Net(), policy(), expect={"params": {"*": {"lr": 5}}})
    def test_mistake(pgaudit):
        pgaudit.assert_param_groups(Net(), policy(wd_mult="x", norm_decay_mult="x"), fail_on="info")
    def test_lock(pgaudit):
        pgaudit.assert_param_groups(Net(), policy(), lock=True)
    def test_function():
        assert_param_groups(Net(), policy(), expect={"params": {"*": {"lr": 5}}})
    """
    result = _run(pytester, tests)
    result.assert_outcomes(failed=4)
    result.stdout.no_re_match_line(r".*(assertions|plugin)\.py|.*__tracebackhide__|.*asserted\(")
    result.stdout.fnmatch_lines(["FAILED test_it.py::test_failure - AssertionError: Net under a config: 1 *"])


# Other processes.


@pytest.fixture
def _installed(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry point as pyproject.toml declares it, installed for other processes, be it for this one or not."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["entry-points"]
    folder = tmp_path_factory.mktemp("site")
    info = folder / "pgaudit_entry_point-0.0.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: pgaudit-entry-point\nVersion: 0.0.0\n")
    lines = [f"{name} = {module}" for name, module in declared["pytest11"].items()]
    (info / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines, ""]))
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{folder}")


@pytest.mark.usefixtures("_installed")
def test_a_worker_that_takes_warnings_for_errors_writes_locks(pytester: pytest.Pytester) -> None:
    tests = LOCKED.format(mult=0.0) + LOCKED.format(mult=0.5).replace("test_a", "test_b")
    pytester.makepyfile(test_it=f"{TESTS}\n{tests}")
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider", "-n", "1", "--pgaudit-update")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["pgaudit wrote *test_a.lock", "pgaudit wrote *test_b.lock"])


@pytest.mark.usefixtures("_installed")
def test_it_can_be_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_a(): pass\ndef test_b(pgaudit): pass")
    result = pytester.runpytest_subprocess("-p", "no:pgaudit")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*fixture 'pgaudit' not found*"])
    assert pytester.runpytest_subprocess("-p", "no:pgaudit", "--pgaudit-update").ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.usefixtures("_installed")
def test_a_run_that_asserts_nothing_loads_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import sys
        def test_a(pgaudit):
            heavy = ("torch", "timm", "numpy", "rich", "yaml", "pydantic", "click")
            assert [name for name in heavy if name in sys.modules] == []
            assert sum(name.startswith("pgaudit") for name in sys.modules) == 4
        """
    )
    # Other plugins of this environment may load what they like.
    arguments = [option for name in _others() for option in ("-p", f"no:{name}")]
    pytester.runpytest_subprocess(*arguments).assert_outcomes(passed=1)


def _others() -> list[str]:
    from importlib.metadata import entry_points

    return [point.name for point in entry_points(group="pytest11") if point.name != "pgaudit"]


# The page.

PAGE = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_is_true(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    (_, config), (_, tests), (_, output), (_, function) = BLOCKS
    (pytester.path / "config.yaml").write_text(config)
    (pytester.mkdir("tests") / "test_param_groups.py").write_text(tests)
    pytester.runpytest_inprocess(*BY_NAME).assert_outcomes(passed=2, failed=1)
    pytester.runpytest_inprocess(*BY_NAME, "--pgaudit-update").assert_outcomes(passed=3)
    (named,) = re.findall(r"`(tests/__pgaudit__/\S+)`", PAGE)
    assert (pytester.path / named).is_file()
    (pytester.path / "config.yaml").write_text(config.replace("  norm_decay_mult: 0.0\n", ""))
    pytester.runpytest_inprocess(*BY_NAME).assert_outcomes(passed=1, failed=2)
    result = pytester.runpytest_inprocess(*BY_NAME, "-k", "agreed")
    said = [re.sub("^E {7}?", "", line).rstrip() for line in result.outlines if line.startswith("E ")]
    assert "\n".join(said) + "\n" == output
    monkeypatch.chdir(ROOT)
    exec(compile(function, "docs/pytest.md", "exec"), {})


def test_importing_it_is_cheap() -> None:
    code = (
        "import sys, pytest; before = set(sys.modules); import pgaudit.testing.plugin;"
        "print(*sorted(name for name in set(sys.modules) - before if not name.startswith('_')))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert run.stdout.split() == [*("pgaudit", "pgaudit.testing", "pgaudit.testing.plugin", "pgaudit.version")]


# The lr over time.


COSINE = {"type": "CosineAnnealingLR", "T_max": 10}


def test_expectations_at_steps_hold_by_the_schedule() -> None:
    expect = {"params": {"head.weight": {"at": {0: {"lr": 1.0}, "10": {"lr": 0.0}}}}}
    assert_param_groups(Net(), POLICY | {"scheduler": COSINE, "expect": expect})
    report = assert_param_groups(Net(), POLICY, expect=expect, scheduler=COSINE)
    assert report.at == ()  # what is needed is not what is asked
    with pytest.raises(AssertionError, match="expected lr 0.0 at step 10, got 1.0, for there is no schedule"):
        assert_param_groups(Net(), POLICY, expect=expect)
    with pytest.raises(AssertionError, match="expected lr 0.0 at step 10, got 0.1 by CosineAnnealingLR"):
        assert_param_groups(Net(), POLICY, expect=expect, scheduler={**COSINE, "eta_min": 0.1})


def test_a_live_scheduler_is_asked_and_left_alone() -> None:
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
    expect = {"params": {"*": {"at": {2: {"lr": 0.025}}}}}
    report = assert_param_groups(model, optimizer, expect=expect, scheduler=scheduler, at=(0, 3))
    assert report.lrs_at("head.weight") == {0: 0.1, 3: 0.0125}
    assert (scheduler.last_epoch, optimizer.param_groups[0]["lr"]) == (0, 0.1)


def test_a_lock_holds_the_steps_that_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    given: dict[str, Any] = {"lock": lock, "scheduler": COSINE}
    assert_param_groups(Net(), POLICY, at=(0, 10), update_lock=True, **given)
    text = lock.read_text()
    assert "at: 0, 10 steps\n" in text
    assert_param_groups(Net(), POLICY, **given)  # at the lock's own steps
    assert_param_groups(Net(), POLICY, lock=lock)  # and with the schedule that was named when it was written
    assert_param_groups(Net(), POLICY, update_lock=True, lock=lock)
    assert lock.read_text() == text
    with pytest.raises(AssertionError, match=r"at step 10 0\.0 → 0\.01"):
        assert_param_groups(Net(), POLICY, lock=lock, scheduler={**COSINE, "eta_min": 0.01})
    with pytest.raises(AssertionError, match=r"no lr is locked at 7: .*a\.lock\n  update_lock=True writes it"):
        assert_param_groups(Net(), POLICY, at=(0, 7), **given)
    lock.write_text("damaged")
    assert_param_groups(Net(), POLICY, at=(0, 10), update_lock=True, **given)
    assert lock.read_text() == text


def test_the_fixture_writes_and_compares_lrs_over_time(pytester: pytest.Pytester) -> None:
    tests = """
    def test_it(pgaudit):
        schedule = {"type": "StepLR", "step_size": 5, "gamma": float(os.environ["GAMMA"])}
        pgaudit.assert_param_groups(Net(), policy(), lock=True, scheduler=schedule, at=(0, 5))
    """
    for gamma, arguments, passed in (("0.5", ["--pgaudit-update"], 1), ("0.5", [], 1), ("0.1", [], 0)):
        os.environ["GAMMA"] = gamma
        try:
            _run(pytester, tests, *arguments).assert_outcomes(passed=passed, failed=1 - passed)
        finally:
            del os.environ["GAMMA"]
