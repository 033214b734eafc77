"""A diff in every format: it names exactly what changes, and foreign names stay names."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from rich.cells import cell_len

import pgaudit
from pgaudit.core.location import Location
from pgaudit.diff import ChangeKind, Diff, compare
from pgaudit.render.diff.data import render_diff_json, render_diff_markdown
from pgaudit.render.diff.folding import lines_of
from pgaudit.render.diff.github import render_diff_github
from pgaudit.render.diff.table import render_diff_table
from pgaudit.render.github import command
from pgaudit.render.style import marks_for
from pgaudit.render.terminal import TableOptions
from pgaudit.report import Report
from pgaudit.text import visible
from tests.budget import examples
from tests.diff import made
from tests.diff.random_sides import SIDES
from tests.parity.show_timm import spelled
from tests.render.reports import POLICY, Net, Wrapper, hostile

ANSI = re.compile(r"\x1b\[[0-9;]*m")
OTHER = {
    "optimizer": {"type": "SGD", "lr": 0.1, "weight_decay": 1e-4, "nesterov": False},
    "paramwise_cfg": {
        "dwconv_decay_mult": 0.5,
        "bypass_duplicate": True,
        "custom_keys": {"bn": {"decay_mult": 0}, "head": {"lr_mult": 0.5, "decay_mult": 0}},
    },
}


def _other_net() -> Net:
    net = Net()
    net.stem = type(net.stem)(3, 4, 5)
    del net.token
    return net


def _diff() -> Diff:
    """Every kind of change: the wrapped model loses a token, gets a larger stem, and drops its sibling."""
    a = replace(pgaudit.audit(Wrapper(), POLICY), path="a.yaml")
    return compare(a, replace(pgaudit.audit(_other_net(), OTHER), path="b.yaml"))


def _table(diff: Diff | None = None, **options: object) -> str:
    rules = bool(options.pop("rules", True))
    return render_diff_table(diff or _diff(), TableOptions(**{"fold": True, **options}), rules=rules)  # type: ignore[arg-type]


def test_everything_at_once() -> None:
    assert (
        _table()
        == """\
a.yaml → b.yaml
Wrapper → Net · 19 → 16 tensors · mmcv · SGD

- momentum  0.9
+ nesterov  False

  parameter                        ×    lr            decay     decided by
- token                            1    0.1           1e-4      default
~ stem.weight                      1    0.1           1e-4      ❄ frozen → default
    shape 4×3×3×3 → 4×3×5×5
~ stem.bias                        1  ▼ 0.2 → 0.1     1e-4      bias_lr_mult → default
~ blocks.{0..2}.dwconv.bias        3  ▼ 0.2 → 0.1     5e-5      \
lr bias_lr_mult · wd dwconv_decay_mult → dwconv_decay_mult
~ head.{weight,bias}               2  ▼ 1   → 0.05  ▼ 1e-4 → 0  "head"
- sibling.{weight,bias}            2    –             –         ✕ not in the optimizer

  same effect, other rule
  blocks.{0..2}.bn1.{weight,bias}  6    0.1           0         norm_decay_mult → "bn"

~ 2 in the setup · ~ 6 changed · ~ 1 reshaped · - 3 removed · 6 same effect, other rule · 3 unchanged
"""
    )


def test_at_sixty_columns_rules_stand_under_the_names() -> None:
    assert (
        _table(width=60)
        == """\
a.yaml → b.yaml
Wrapper → Net · 19 → 16 tensors · mmcv · SGD

- momentum  0.9
+ nesterov  False

  parameter                      ×    lr            decay
- token                          1    0.1           1e-4
~ stem.weight                    1    0.1           1e-4
    shape 4×3×3×3 → 4×3×5×5
    ❄ frozen → default
~ stem.bias                      1  ▼ 0.2 → 0.1     1e-4
    bias_lr_mult → default
~ blocks.{0..2}.dwconv.bias      3  ▼ 0.2 → 0.1     5e-5
    lr bias_lr_mult · wd dwconv_decay_mult
    → dwconv_decay_mult
~ head.{weight,bias}             2  ▼ 1   → 0.05  ▼ 1e-4 → 0
    "head"
- sibling.{weight,bias}          2    –             –
    ✕ not in the optimizer

  same effect, other rule
  blocks.{0..2}.bn1.             6    0.1           0
    {weight,bias}
    norm_decay_mult → "bn"

~ 2 in the setup · ~ 6 changed · ~ 1 reshaped · - 3 removed
6 same effect, other rule · 3 unchanged
"""
    )


@pytest.mark.parametrize("width", [200, 120, 80, 60])
def test_lines_fit_and_names_are_whole(width: int) -> None:
    text = _table(width=width)
    assert max(map(cell_len, text.split("\n"))) <= width
    for line in lines_of(_diff().changes, fold=True):
        parts = [line.name] if width >= 80 else line.name.split(".")  # broken after dots
        assert all(part in text for part in parts)


def test_equal_sides_say_so() -> None:
    side = replace(pgaudit.audit(Net(), POLICY), path="a.yaml")
    assert _table(compare(side, side)).endswith("\n\nno difference · 17 unchanged\n")


def test_without_rules_the_counts_stay() -> None:
    text = _table(rules=False)
    assert "blocks.{0..2}.bn1" not in text
    assert "6 same effect, other rule" in text


def test_colours_lose_nothing_and_ascii_has_marks_of_its_own() -> None:
    stripped = [line.rstrip() for line in ANSI.sub("", _table(colour=True)).split("\n")]
    assert stripped == _table().split("\n")
    text = _table(marks=marks_for("ascii"))
    assert text.isascii()
    assert "v 1   -> 0.05" in text


@settings(max_examples=examples(50))
@given(a=SIDES, b=SIDES)
def test_colours_change_no_line(a: Report, b: Report) -> None:
    lines = ANSI.sub("", _table(compare(a, b), colour=True)).split("\n")
    assert [line.rstrip() for line in lines] == _table(compare(a, b)).split("\n")


def test_numbers_that_look_alike_are_told_apart() -> None:
    a, b = (pgaudit.audit(Net(), {"optimizer": {"type": "SGD", "lr": lr}}) for lr in (0.3, 0.1 + 0.2))
    assert "0.3 → 0.30000000000000004" in _table(compare(a, b))


@settings(max_examples=examples(200))
@given(SIDES, SIDES)
def test_random_diffs_fold_to_exactly_the_changed_names(a: Report, b: Report) -> None:
    diff = compare(a, b)
    for kind in ChangeKind:
        changes = [change for change in diff.of(kind) if change.param.name]
        folded = [name for line in lines_of(changes, fold=True) for name in spelled(line.name)]
        assert sorted(folded) == sorted(change.param.name for change in changes)


def _harmless(text: str) -> bool:
    return all(char.isprintable() or char == "\n" for char in text)


@settings(max_examples=examples(200))
@given(SIDES, SIDES)
def test_random_diffs_are_harmless_in_every_format(a: Report, b: Report) -> None:
    diff = compare(a, b)
    lines = lines_of(diff.changes, fold=True)
    for width in (None, 30):
        assert _harmless(_table(diff, width=width))
    _check_json(diff, render_diff_json(diff))
    _check_github(diff, render_diff_github(diff))
    _check_markdown(render_diff_markdown(diff), len(lines) + len(diff.setup))


def test_hostile_names_of_a_real_model() -> None:
    before = replace(hostile(), path="a.yaml")
    after = made.report(path="b\n.yaml", config_path="b,:%\n.yaml", model="x")
    for diff in (compare(before, after), compare(after, before)):
        assert _harmless(_table(diff))
        _check_json(diff, render_diff_json(diff))
        _check_github(diff, render_diff_github(diff))
        _check_markdown(render_diff_markdown(diff), len(lines_of(diff.changes, fold=True)) + len(diff.setup))


def _check_json(diff: Diff, text: str) -> None:
    assert text.isascii()
    assert text == render_diff_json(diff)
    data = json.loads(text)
    assert list(data) == ["schema_version", "tool", "a", "b", "differs", "setup", "changes", "counts"]
    assert data["schema_version"] == 1
    assert data["differs"] == diff.differs
    assert [each["name"] for each in data["changes"]] == [change.param.name for change in diff.changes]
    for each, change in zip(data["changes"], diff.changes, strict=True):
        assert each["kind"] == change.kind.value
        for side, entry in ((each["before"], change.before), (each["after"], change.after)):
            assert (side is None) == (entry is None)
            if entry:
                assert side["name"] == entry.name
                assert side["lr"] == entry.lr or str(entry.lr) == side["lr"]  # JSON has no word for infinity


def _check_markdown(text: str, rows: int) -> None:
    assert _harmless(text)
    table = [line for line in text.splitlines() if line.startswith("|")]
    heads = sum(line.startswith("|---") for line in table)
    assert len(table) == rows + 2 * heads
    for line in table:
        cells = line.replace("\\\\", "").replace("\\|", "").count("|") - 1
        assert cells in (4, 6, 7)


def _parsed(line: str) -> tuple[str, dict[str, str], str]:
    """A workflow command as GitHub's runner reads it."""
    match = re.fullmatch(r"::(\w+) (.*?)::(.*)", line)
    assert match
    properties = dict(each.split("=", 1) for each in match[2].split(","))
    decoded = {
        name: value.replace("%2C", ",").replace("%3A", ":").replace("%0A", "\n").replace("%25", "%")
        for name, value in properties.items()
    }
    return match[1], decoded, match[3].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")


def _check_github(diff: Diff, text: str) -> None:
    assert _harmless(text)
    read = [_parsed(line) for line in text.removesuffix("\n").split("\n")]
    at_rules = read[bool(diff.setup) : -1]
    places = [(level, *(given.get(name) for name in ("file", "line", "col"))) for level, given, _ in at_rules]
    assert len(places) == len(set(places))
    assert all(set(properties) <= {"file", "line", "col", "title"} for _, properties, _ in read)
    assert all(level == "warning" or level == "notice" for level, _, _ in read)
    said = "\n".join(message for _, _, message in read)
    for line in lines_of(diff.changes, fold=True)[:5]:
        assert visible(line.change.param.name.partition(".")[0].rstrip("0123456789")) in said


def test_github_annotations_stand_at_the_rules() -> None:
    read = [_parsed(line) for line in render_diff_github(_placed()).splitlines()]
    assert [(level, each.get("file"), each.get("line")) for level, each, _ in read] == [
        ("warning", "b.yaml", None),
        ("warning", "b.yaml", "5"),
        ("notice", None, None),
    ]
    assert read[0][2] == "~ lr 0.1 → 0.2"
    assert read[1][1]["title"] == "pgaudit diff: 2 tensors changed"
    assert read[1][2] == '~ fc.{weight,bias} ×2: lr 1 → 0.2, "fc" :5'


def _placed() -> Diff:
    from pgaudit.core.setting import Provenance

    def side(path: str, lr: float, base: float) -> Report:
        rule = Provenance("custom_keys", "fc", Location(path, 5, 3))
        params = [made.param(f"fc.{leaf}", lr, 0.0, rule, rule) for leaf in ("weight", "bias")]
        sgd = {"type": "SGD", "lr": base, "weight_decay": 0.0}
        return made.report(*params, path=path, config_path=path, model="m", source="timm", optimizers=(sgd,))

    return compare(side("a.yaml", 1.0, 0.1), side("b.yaml", 0.2, 0.2))


def test_a_workflow_command_is_escaped() -> None:
    line = command("error", "50%\r\n::x", title="a:b,c%", location=Location("d,e:f.py", 1, 2))
    assert line == "::error file=d%2Ce%3Af.py,line=1,col=2,title=a%3Ab%2Cc%25::50%25%0D%0A::x"


def test_markdown() -> None:
    text = render_diff_markdown(_diff())
    assert '| `~` | `head.{weight,bias}` | 2 | 1 → **0.05** | 1e-4 → **0** | "head" |' in text
    assert "<summary>6 same effect, other rule</summary>" in text
