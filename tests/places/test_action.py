"""The action, run as a runner does: expressions only in ``env``, each script by bash."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.budget import examples
from tests.places import workspace
from tests.places.workspace import ROOT

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
DEFAULTS = {name: declared.get("default", "") for name, declared in ACTION["inputs"].items()}
INSTALL, CHECK = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


@pytest.mark.parametrize("step", [INSTALL, CHECK], ids=lambda step: step["name"])
def test_no_value_becomes_part_of_a_script(step: dict) -> None:
    assert "${{" not in step["run"]
    assert step["shell"] == "bash"
    for value in (*step["env"].values(), step["working-directory"]):
        found = EXPRESSION.fullmatch(value)
        assert found, value
        assert found[1] in DEFAULTS


def test_every_input_arrives() -> None:
    values = [value for step in (INSTALL, CHECK) for value in (*step["env"].values(), step["working-directory"])]
    assert {EXPRESSION.fullmatch(value)[1] for value in values} == set(DEFAULTS)  # type: ignore[index]


def test_other_actions_are_pinned() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "uses" not in step or re.search(r"@[0-9a-f]{40}$", step["uses"])


def _run(step: dict, folder: Path, environment: dict[str, str], **inputs: str) -> subprocess.CompletedProcess[str]:
    given_as = DEFAULTS | {name.replace("_", "-"): value for name, value in inputs.items()}
    variables = {name: given_as[EXPRESSION.fullmatch(value)[1]] for name, value in step["env"].items()}  # type: ignore[index]
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=folder,
        env=environment | variables | {"GITHUB_ACTION_PATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


# For real.


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    return workspace.make(folder)


def test_a_job_passes_fails_and_breaks(repository: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    environment = workspace.environment(tmp_path / "bin") | {"GITHUB_STEP_SUMMARY": str(summary)}

    passed = _run(CHECK, repository, environment)
    assert (passed.returncode, passed.stderr) == (0, "")
    assert "::error" not in passed.stdout
    assert summary.read_text().startswith("before\n")
    assert len(summary.read_text()) > len("before\n")

    workspace.break_agreement(repository)
    failed = _run(CHECK, repository, environment, model="net.py:Net", config="config.yaml")
    assert (failed.returncode, failed.stderr) == (1, "")
    assert re.search(r"^::error .*file=config\.yaml,line=8\b.*got 0\.5", failed.stdout, re.MULTILINE)
    assert "fc.weight" in summary.read_text()

    (repository / "config.yaml").write_text("optimzer: {}\n")
    broken = _run(CHECK, repository, environment, config="config.yaml", model="net.py:Net", format="table")
    assert broken.returncode == 2
    assert "config.yaml:1:1" in broken.stdout
    assert sorted(path.name for path in repository.iterdir()) == ["config.yaml", "net.py", "pgaudit.yaml"]


# With a Python that writes down what it is asked for.


@pytest.fixture(scope="module")
def recorder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose ``python`` records its arguments, and writes what FAKE_SUMMARY says as a report."""
    folder = tmp_path_factory.mktemp("recorder")
    script = """#!/bin/sh
case $2 in */pins.py | */from_fork.py) exec "$REAL_PYTHON" "$@" ;; esac
printf '%s\\0' "$@" > "$RECORD"
for argument in "$@"; do
    case $argument in
    --output=*) if [ -n "$FAKE_SUMMARY" ]; then cat "$FAKE_SUMMARY" > "${argument#--output=}"; fi; break ;;
    --constraint=*) cat "${argument#--constraint=}" > "$RECORD.constraints" ;;
    esac
done
exit "${FAKE_CODE:-0}"
"""
    environment = workspace.environment(folder / "bin")
    (folder / "bin" / "python").write_text(script)
    (folder / "work").mkdir()
    record, work = str(folder / "record"), str(folder / "work")
    return environment | {"RECORD": record, "REAL_PYTHON": sys.executable, "WORK": work, "TMPDIR": work}


def _arguments(environment: dict[str, str]) -> list[str]:
    return Path(environment["RECORD"]).read_bytes().decode().split("\0")[:-1]


def _asked(step: dict, environment: dict[str, str], **inputs: str) -> list[str]:
    """What the script makes of the inputs; the temporary file is left out."""
    folder = Path(environment["WORK"])
    done = _run(step, folder, environment, **inputs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [*folder.iterdir()] == []  # neither a script of theirs nor a file of ours
    return [word for word in _arguments(environment) if not word.startswith(("--output=", "--constraint="))]


def test_without_inputs_the_project_is_checked(recorder: dict[str, str]) -> None:
    assert _asked(CHECK, recorder) == ["-IB", "-m", "pgaudit", "check", "--format=markdown", "--format=github", "--"]


HOSTILE = "'\"; touch pwned; $(touch pwned) `touch pwned` ${IFS} | & > pwned \\ * ~ -- --lock=x é\u202e\x1b[31m"
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
WORDS = ("model", "config", "lock", "expect", "baseline")
words = texts | st.sampled_from([HOSTILE, "--help", "-o", "\n", "a\nb", " ", "*", "$HOME", "::set-output name=a::b"])


@settings(max_examples=examples(60))  # each begins three processes
@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("model", "config", "lock", "expect", "baseline"), words)), words
)
@example(dict.fromkeys(("model", "config", "lock", "expect", "baseline"), HOSTILE), HOSTILE + "\n" + HOSTILE)
@example({"model": "--write-baseline=pwned", "config": "-opwned", "lock": "\n"}, "a\r\n\n b \n")
def test_random_inputs_become_arguments_and_nothing_else(
    recorder: dict[str, str], inputs: dict[str, str], args: str
) -> None:
    asked = _asked(CHECK, recorder, **inputs, args=args, fail_on="info")
    named = [f"--{name}={inputs[name]}" for name in ("lock", "expect", "baseline") if inputs.get(name)]
    lines = [line.removesuffix("\r") for line in args.split("\n")]
    positional = [inputs[name] for name in ("model", "config") if inputs.get(name)]
    assert asked[4:] == [
        "--format=markdown",
        "--format=github",
        *named,
        "--fail-on=info",
        *filter(None, lines),
        "--",
        *positional,
    ]


HERE = {"repository": {"full_name": "me/mine"}}


def _pull_request(head: object) -> dict[str, object]:
    return {**HERE, "pull_request": {"head": {"repo": head}}}


@pytest.mark.parametrize(
    ("no_code", "event", "on"),
    [
        ("auto", None, False),
        ("auto", HERE, False),
        ("auto", _pull_request({"full_name": "me/mine", "fork": True}), False),
        ("auto", _pull_request({"full_name": "you/mine"}), True),
        ("auto", _pull_request(None), True),
        ("auto", {**HERE, "workflow_run": {"head_repository": {"full_name": "you/mine"}}}, True),
        ("auto", {**HERE, "workflow_run": {"head_repository": {"full_name": "me/mine"}}}, False),
        ("true", HERE, True),
        ("false", _pull_request({"full_name": "you/mine"}), False),
    ],
)
def test_code_of_forks_does_not_run(
    recorder: dict[str, str], no_code: str, event: dict[str, object] | None, on: bool, tmp_path: Path
) -> None:
    environment = dict(recorder)
    if event is not None:
        (tmp_path / "event.json").write_text(json.dumps(event))
        environment["GITHUB_EVENT_PATH"] = str(tmp_path / "event.json")
    assert ("--no-code" in _asked(CHECK, environment, no_code=no_code, model="net.py:Net")) == on


def test_a_misspelled_no_code_runs_nothing(recorder: dict[str, str]) -> None:
    Path(recorder["RECORD"]).unlink(missing_ok=True)
    done = _run(CHECK, Path(recorder["WORK"]), recorder, no_code="yes")
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert not Path(recorder["RECORD"]).exists()


def test_a_library_of_the_repository_is_none(repository: Path, tmp_path: Path) -> None:
    for name in ("yaml", "click", "pip", "json"):
        (repository / f"{name}.py").write_text("raise SystemExit(77)\n")
    passed = _run(CHECK, repository, workspace.environment(tmp_path / "bin"))
    assert (passed.returncode, passed.stderr) == (0, "")
    refused = _run(CHECK, repository, workspace.environment(tmp_path / "bin"), no_code="true")
    assert refused.returncode == 2
    assert "net.py:Net" in refused.stdout


@pytest.mark.parametrize("code", [0, 1, 2, 130])
def test_the_exit_code_is_kept(recorder: dict[str, str], code: int) -> None:
    done = _run(CHECK, Path(recorder["WORK"]), recorder | {"FAKE_CODE": str(code)})
    assert done.returncode == code


@pytest.mark.parametrize(("size", "kept"), [(999_000, True), (1_100_000, False)])
def test_a_summary_that_github_would_refuse_is_left_out(
    recorder: dict[str, str], tmp_path: Path, size: int, kept: bool
) -> None:
    report, summary = tmp_path / "report.md", tmp_path / "summary.md"
    report.write_text("x" * size)
    _run(CHECK, Path(recorder["WORK"]), recorder | {"FAKE_SUMMARY": str(report), "GITHUB_STEP_SUMMARY": str(summary)})
    assert (summary.read_text() == report.read_text()) == kept
    assert kept or "too long" in summary.read_text()


# The installation.

PIP = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--"]


@pytest.mark.parametrize(
    ("inputs", "what"),
    [({}, str(ROOT)), ({"install": "0.1.0"}, "pgaudit==0.1.0"), ({"install": "1.0.0rc1"}, "pgaudit==1.0.0rc1")],
)
def test_it_installs_its_own_commit_or_a_version(recorder: dict[str, str], inputs: dict[str, str], what: str) -> None:
    assert _asked(INSTALL, recorder, **inputs) == [*PIP, what]


def test_an_installed_pgaudit_is_used(recorder: dict[str, str]) -> None:
    Path(recorder["RECORD"]).unlink(missing_ok=True)
    done = _run(INSTALL, Path(recorder["WORK"]), recorder, install="none")
    assert done.returncode == 0
    assert not Path(recorder["RECORD"]).exists()


@pytest.mark.parametrize("version", ["", "1.0, <2", "https://example.com/x.whl", "1.0\n--index-url=x", "$(x)", "-r x"])
def test_what_is_no_version_is_not_installed(recorder: dict[str, str], version: str) -> None:
    Path(recorder["RECORD"]).unlink(missing_ok=True)
    done = _run(INSTALL, Path(recorder["WORK"]), recorder, install=version)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert not Path(recorder["RECORD"]).exists()


def _constraints(environment: dict[str, str]) -> list[str]:
    return Path(environment["RECORD"] + ".constraints").read_text().splitlines()


def test_own_constraints_take_the_place_of_ours(recorder: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / "own.txt"
    own.write_text("click==8.1.0\n")
    _asked(INSTALL, recorder, constraints=str(own))
    assert _constraints(recorder) == ["click==8.1.0"]


def _pins(*installed: tuple[str, str], tmp_path: Path) -> dict[str, str]:
    """The pins of an environment that holds only these libraries."""
    for name, version in installed:
        info = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    code = (
        "import sys; sys.path[:] = [path for path in sys.path if 'site-packages' not in path]; import runpy;"
        f"sys.path.append({str(tmp_path)!r}); runpy.run_path({str(ROOT / 'action' / 'pins.py')!r})"
    )
    done = subprocess.run(
        [sys.executable, "-IS", "-c", code],
        input=(ROOT / "constraints.txt").read_text(encoding="utf-8"),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split(" ;")[0].split("==") for line in done.stdout.splitlines())


def test_what_is_missing_is_pinned_and_what_is_there_stays(tmp_path: Path) -> None:
    everything = _pins(tmp_path=tmp_path)
    assert {"torch", "torchvision", "click", "PyYAML"} <= set(everything)
    some = _pins(("torch", "2.5.1+cpu"), ("pyyaml", "6.0"), ("Typing.Extensions", "4.8"), tmp_path=tmp_path)
    assert some["torch"] == "2.5.1+cpu"
    assert set(everything) - set(some) == {"torchvision", "PyYAML", "typing_extensions"}


def test_the_scripts_are_clean() -> None:
    """What shellcheck would say is asked by ``make lint``; this is what bash itself says."""
    for script in sorted((ROOT / "action").glob("*.sh")):
        subprocess.run(["bash", "-n", str(script)], check=True)
        # bash 3.2, which macOS has, knows neither of these
        assert not re.search(r"mapfile|readarray|declare -A|\$\{\w+[,^]", script.read_text(encoding="utf-8"))
        assert os.access(script, os.R_OK)
