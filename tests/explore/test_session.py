"""An edit does what `--set` does, and the text that is written says the same; or nothing is written."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from pgaudit import audit, cli
from pgaudit.config import load_config
from pgaudit.config.what_if import NO_CONFIG, WhatIf, path_of
from pgaudit.core.errors import ConfigError, UsageError
from pgaudit.explore.multipliers import deciding, multipliers, number_in, setting_words, spelled
from pgaudit.explore.session import Policy, Session
from pgaudit.files.yaml_text import read_yaml
from pgaudit.models.source import model_source
from pgaudit.pipeline import audit_source
from pgaudit.render.diff.view import title
from tests.explore.made import CONFIG, session
from tests.explore.net import Net

FC = ("paramwise_cfg", "custom_keys", "fc", "lr_mult")
NET = "from tests.explore.net import Net\n"


def test_the_numbers_of_a_policy(tmp_path: Path) -> None:
    found = multipliers(session(tmp_path / "c.yaml").policy.config)  # type: ignore[union-attr]
    assert [
        (each.label, each.value, each.location and (each.location.line, each.location.column)) for each in found
    ] == [
        ("lr", 0.1, (2, 28)),
        ("weight_decay", 1e-4, (2, 47)),
        ("norm_decay_mult", 0.0, (4, 20)),
        ('"fc" lr_mult', 10.0, (6, 21)),
        ('"head." lr_mult', 2, (7, 24)),
        ('"head." decay_mult', 0.5, (7, 39)),
    ]


@pytest.mark.parametrize(
    ("config", "expected"),
    {
        "configs/vit_rules.yaml": ["lr", "weight_decay", "rules.0.weight_decay", "rules.1.weight_decay"],
        "configs/mobilenet_basecls.yaml": ["basic_lr", "momentum", 'weight_decay "bias"', 'weight_decay "NORM_TYPES"'],
        "configs/convnext_mmengine.yaml": ["lr", "weight_decay", "flat_decay_mult", "bias_decay_mult"],
        "configs/vit_timm.yaml": ["lr", "weight_decay"],
    }.items(),
)
def test_the_numbers_of_other_layouts(config: str, expected: list[str]) -> None:
    assert [each.label for each in multipliers(load_config(config))][: len(expected)] == expected


def test_what_decided_a_parameter_is_one_of_the_numbers(tmp_path: Path) -> None:
    its = session(tmp_path / "c.yaml")
    report, config = its.now.report, its.policy.config  # type: ignore[union-attr]
    labels = [each.label for each in multipliers(config)]
    for name, label in (("blocks.0.fc1.bias", '"fc" lr_mult'), ("blocks.0.norm.bias", "norm_decay_mult")):
        found = deciding(config, report[name].setting.weight_decay_rule)
        assert found is not None
        assert labels[found] == label
    assert deciding(config, None) is None


@pytest.mark.parametrize(
    ("path", "value"), [(FC, 5), (("optimizer", "lr"), 0.02), (FC, 1e-5), (("optimizer", "lr"), 0.1)]
)
def test_an_edit_moves_what_diff_says_of_set(
    path: tuple[str, ...],
    value: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    its = session(tmp_path / "c.yaml")
    state = its.tried({path: value})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    words = setting_words(path, value)
    assert cli.main(["diff", "net.py:Net", "c.yaml", "--set", words, "--format", "json"]) == 0
    said = json.loads(capsys.readouterr().out)
    moved = {each["name"] for each in said["changes"] if each["kind"] != "same_effect"}
    assert state.moved == moved
    assert its.now.edits == {}  # it was only tried


TRIALS: dict[str, tuple[WhatIf, dict[tuple[str | int, ...], object]]] = {
    "options": (WhatIf(lr=0.5, weight_decay=0.0), {("optimizer", "lr"): 0.5, ("optimizer", "weight_decay"): 0.0}),
    "set": (WhatIf(values=((FC, 5),)), {FC: 5}),
    "set beats an option": (WhatIf(lr=0.5, values=((("optimizer", "lr"), 0.2),)), {("optimizer", "lr"): 0.2}),
    "a class": (WhatIf(optimizer="AdamW"), {("optimizer", "type"): "AdamW"}),
    "what the file says": (WhatIf(lr=0.1), {}),
}


@pytest.mark.parametrize(("trial", "edits"), TRIALS.values(), ids=TRIALS)
def test_it_begins_with_what_the_command_line_tries(
    trial: WhatIf, edits: dict[tuple[str | int, ...], object], tmp_path: Path
) -> None:
    path = tmp_path / "c.yaml"
    its = session(path)
    first = its.now
    its.begin_with(trial)
    assert its.now.edits == edits
    wanted = load_config(str(path), what_if=trial)
    assert [row.setting.effect for row in its.now.report] == [row.setting.effect for row in audit(Net(), wanted)]
    assert its.undo() is bool(edits)
    assert its.now is first


def test_an_item_of_a_list_is_the_number_that_the_file_has(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    its = session(path, Path("configs/vit_rules.yaml").read_text())
    its.begin_with(WhatIf(values=((path_of("paramwise_cfg.rules.2.lr_mult"), 0.3),)))
    its.write(its.patch())
    blocks = '"blocks.{0..5}.*"], lr_mult: '
    assert path.read_text() == Path("configs/vit_rules.yaml").read_text().replace(f"{blocks}0.1", f"{blocks}0.3")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("optimizer.momentum", "optimizer.momentum"),
        ("paramwise_cfg.custom_keys.'fc1.'.lr_mult", "paramwise_cfg.custom_keys.'fc1.'.lr_mult"),
    ],
)
def test_what_the_file_has_no_number_for_is_not_written(words: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    its = session(path)
    its.begin_with(WhatIf(lr=0.5, values=((path_of(words), 0.5),)))
    with pytest.raises(UsageError, match=f"has no number at {re.escape(named)}, so nothing is written"):
        its.patch()
    assert path.read_text() == CONFIG


def test_undo_goes_back_edit_by_edit(tmp_path: Path) -> None:
    its = session(tmp_path / "c.yaml")
    states = [its.now]
    for path, value in ((FC, 5), (("optimizer", "lr"), 1)):
        its.make(its.tried({path: value}))
        states.append(its.now)
    assert its.now.edits == {FC: 5, ("optimizer", "lr"): 1}
    assert len(its.now.moved) == 74
    for before in reversed(states[:-1]):
        assert its.undo()
        assert its.now is before
    assert not its.undo()


def test_an_edit_that_the_library_refuses_is_none(tmp_path: Path) -> None:
    its = session(tmp_path / "c.yaml")
    with pytest.raises(ConfigError, match="lr"):
        its.tried({("optimizer", "lr"): -1})
    assert its.now.edits == {}


def test_the_file_keeps_its_comments_and_says_what_was_tried(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    its = session(path)
    edits = {FC: 5, ("optimizer", "weight_decay"): 1e-5, ("paramwise_cfg", "custom_keys", "head.", "decay_mult"): 0.25}
    for at, value in edits.items():
        its.make(its.tried({at: value}))
    tried = its.now.report
    patch = its.patch()
    assert path.read_text() == CONFIG  # it is only shown
    its.write(patch)
    expected = CONFIG.replace("10.0", "5").replace("1e-4", "1.0e-5").replace(" .5", " 0.25")
    assert path.read_text() == expected
    assert [(row.name, row.setting.effect) for row in tried] == [
        (row.name, row.setting.effect) for row in audit(Net(), str(path))
    ]
    assert its.now.edits == {}
    assert not its.undo()
    assert [row.setting.effect for row in its.now.report] == [row.setting.effect for row in tried]
    its.make(its.tried({FC: 6}))  # and on it goes
    its.write(its.patch())
    assert path.read_text() == expected.replace("lr_mult: 5", "lr_mult: 6")


@pytest.mark.parametrize(
    ("config", "at", "value"),
    [
        ("configs/vit_rules.yaml", ("paramwise_cfg", "rules", 2, "lr_mult"), 0.3),
        ("configs/mobilenet_basecls.yaml", ("solver", "weight_decay", 0, 0), 0.5),
        ("configs/convnext_mmengine.yaml", ("optim_wrapper", "paramwise_cfg", "flat_decay_mult"), 0.5),
        ("configs/vit_timm.yaml", ("optimizer", "weight_decay"), 1e-6),
    ],
)
def test_other_layouts_are_written_too(config: str, at: tuple[str, ...], value: float, tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    its = session(path, Path(config).read_text())
    its.make(its.tried({at: value}))
    its.write(its.patch())
    assert next(each for each in its.now.multipliers if each.path == at).value == value
    lines = [each.read_text().splitlines() for each in (Path(config), path)]
    assert sum(one != two for one, two in zip(*lines, strict=True)) == 1


REFUSED = {
    "an anchor": (
        "optimizer: {type: SGD, lr: &x 0.1}\nparamwise_cfg: {bias_lr_mult: *x}\n",
        ("optimizer", "lr"),
        "c.yaml:1:28: lr is not a plain number there, so nothing is written",
    ),
    "what an anchor holds": (
        "_a: &a {lr_mult: 2}\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg: {custom_keys: {fc: *a, head: *a}}\n",
        ("paramwise_cfg", "custom_keys", "fc", "lr_mult"),
        "nothing is written",
    ),
}


@pytest.mark.parametrize(("text", "at", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_written_is_said_in_a_sentence(
    text: str, at: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    its = session(Path("c.yaml"), text)
    its.make(its.tried({at: 0.5}))
    with pytest.raises(UsageError, match=message) as raised:
        its.patch()
    assert "\n" not in raised.value.findings[0].message
    assert Path("c.yaml").read_text() == text


def test_the_base_of_others_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.yaml").write_text("SOLVER: {BASE_LR: 0.1, WEIGHT_DECAY_NORM: 0.0}\n")
    its = session(Path("c.yaml"), "_BASE_: base.yaml\nSOLVER: {BIAS_LR_FACTOR: 2.0}\n")
    its.make(its.tried({("SOLVER", "BIAS_LR_FACTOR"): 3.0}))
    assert its.patch().after.endswith(b"SOLVER: {BIAS_LR_FACTOR: 3.0}\n")
    its.make(its.tried({("SOLVER", "BASE_LR"): 0.5}))
    with pytest.raises(UsageError, match='BASE_LR stands in "base.yaml", which others may build upon'):
        its.patch()


@pytest.mark.parametrize("name", ["c.toml", "c.py", None])
def test_code_other_formats_and_no_file_are_not_written(name: str | None, tmp_path: Path) -> None:
    text = '[optimizer]\ntype = "SGD"\nlr = 0.1\n'
    if name == "c.toml":
        (tmp_path / name).write_text(text)
        config = load_config(str(tmp_path / name))
    else:
        config = load_config(NO_CONFIG)
    policy = Policy.opened(config, model_source(Net(), config))
    its = Session(audit_source(policy.source, config), policy)
    its.make(its.tried({("optimizer", "lr"): 0.5}))
    assert len(its.now.moved) == 74
    if name is None:
        assert title(its.now.report) == "--set optimizer.lr=0.5"
    if name == "c.py":
        its.policy = Policy(load_config(NO_CONFIG), policy.source, data=None)
        object.__setattr__(its.policy.config, "path", "c.py")
    with pytest.raises(UsageError, match="so nothing is written"):
        its.patch()


def test_a_file_that_has_changed_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    its = session(path)
    its.make(its.tried({FC: 5}))
    patch = its.patch()
    path.write_text(CONFIG + "# more\n")
    with pytest.raises(UsageError, match="has changed meanwhile"):
        its.write(patch)
    assert path.read_text() == CONFIG + "# more\n"
    assert its.now.edits == {FC: 5}
    assert [each.name for each in tmp_path.iterdir()] == ["c.yaml"]


def test_without_a_policy_there_is_nothing_to_edit(tmp_path: Path) -> None:
    its = Session(session(tmp_path / "c.yaml").now.report)
    assert its.now.multipliers == []
    with pytest.raises(UsageError, match="nothing is edited"):
        its.patch()


@pytest.mark.parametrize(
    ("typed", "value", "written"),
    [
        ("10", 10, "10"),
        (" 0.5 ", 0.5, "0.5"),
        ("1e-4", 1e-4, "0.0001"),
        ("1e-5", 1e-5, "1.0e-5"),
        ("2.5e-07", 2.5e-7, "2.5e-7"),
        ("1e20", 1e20, "1.0e+20"),
        (".5", 0.5, "0.5"),
    ],
)
def test_numbers_are_typed_as_people_do_and_written_as_yaml_reads_them(typed: str, value: float, written: str) -> None:
    assert number_in(typed) == value
    assert spelled(number_in(typed)) == written


@pytest.mark.parametrize("typed", ["", "x", "nan", "inf", "1e999", "1_0", "٣", "0x10", "1,5"])
def test_no_numbers(typed: str) -> None:
    with pytest.raises(UsageError, match="is no number"):
        number_in(typed)


@pytest.mark.parametrize("value", [2e-9, 5, "AdamW", True, None, [0.9, 0.99]])
def test_edits_are_told_as_a_shell_takes_them(value: object, tmp_path: Path) -> None:
    path = ("paramwise_cfg", "custom_keys", "head.", "lr_mult")
    its = session(tmp_path / "c.yaml")
    words = setting_words(path, value)
    key, _, said = words.partition("=")
    assert path_of(key) == path
    assert read_yaml(said.encode(), "").value == value
    state = its.tried({path: 3, FC: 5})
    assert shlex.split(state.report.tried) == ["--set", setting_words(path, 3), "--set", setting_words(FC, 5)]
