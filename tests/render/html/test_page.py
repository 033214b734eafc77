"""The HTML report as a file: its bytes, its policy, and that it holds what the report says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import pgaudit
from benchmarks.growth import POLICIES
from benchmarks.mixture import mixture
from pgaudit import cli
from pgaudit.render.html.facts import cards
from pgaudit.render.html.packing import ranges, steps
from pgaudit.render.select import Selection
from pgaudit.text import visible
from tests.render.html.written import BREAKOUT, breaking, data_of, finetune, page
from tests.render.reports import everything, hostile

ROOT = Path(__file__).parents[3]


class Read(HTMLParser):
    """What a reader of HTML finds."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.in_script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.in_script = tag == "script" and "type" not in dict(attrs)
        if self.in_script:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False

    def handle_data(self, data: str) -> None:
        if self.in_script:
            self.scripts[-1] += data

    @property
    def policy(self) -> str:
        (found,) = [each for tag, each in self.tags if tag == "meta" and "http-equiv" in each]
        return str(found["content"])


def test_the_same_report_is_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = page(finetune())
    monkeypatch.chdir(ROOT)
    assert page(pgaudit.audit("vit_base_patch16_224", "docs/finetune.yaml")) == first
    assert first.endswith("</html>\n")
    assert str(ROOT) not in first


def test_the_policy_names_the_hash_of_each_script_and_nothing_else() -> None:
    read = Read(page(finetune()))
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in read.scripts]
    assert len(hashes) == 4
    parts = dict(part.strip().split(" ", 1) for part in read.policy.split(";"))
    assert parts["default-src"] == "'none'"
    assert parts["script-src"].split() == [f"'sha256-{each}'" for each in hashes]
    assert set(parts) == {"default-src", "script-src", "style-src", "img-src", "base-uri", "form-action"}


def test_nothing_in_the_file_asks_anybody_for_anything() -> None:
    text = page(finetune())
    # No addresses are the names of XML's own spaces, and where a licence is found.
    assert not re.findall(r"https?://(?!www\.w3\.org/(?:2000|1999|XML)/|www\.apache\.org/licenses/)", text)
    assert not re.findall(r"url\((?!#)|@import|\bfetch\(|XMLHttpRequest|insertAdjacentHTML|\beval\(", text)
    # d3 can write markup, and is never asked to; our own scripts cannot.
    assert "innerHTML" not in Read(text).scripts[-1]
    assert not re.findall(r"\.html\(", Read(text).scripts[-1])
    for _, attributes in Read(text).tags:
        assert {"src", "srcset", "action", "onclick", "onerror"}.isdisjoint(attributes)
        assert str(attributes.get("href") or "#").startswith(("#", "data:,"))


@pytest.mark.parametrize("which", ["breaking", "hostile"])
def test_names_stay_text(which: str, tmp_path: Path) -> None:
    report = breaking(tmp_path) if which == "breaking" else hostile()
    text = page(report)
    clean = Read(page(everything()))
    read = Read(text)
    assert set(read.scripts) <= set(clean.scripts)  # where there is one lr, nothing is plotted
    assert text.lower().count("</script") == len(read.scripts) + 1
    assert {tag for tag, _ in read.tags} <= {tag for tag, _ in clean.tags} | {"figure", "figcaption", "code"}
    assert not any(letter in text for letter in "\x1b\u202e")
    assert "<img" not in text
    assert data_of(text)["names"] == [visible(row.name) for row in report.params]
    if which == "breaking":
        assert BREAKOUT.replace(".", "") + ".weight" in data_of(text)["names"]
        assert "{{ 7*7 }}" in text


def _built() -> pgaudit.Report:
    model = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
    groups: list[dict[str, Any]] = [
        {"params": [model[0].weight]},
        {"params": [model[0].bias], "weight_decay": 0.0, "betas": (0.5, 0.9)},
    ]
    return pgaudit.audit(model, torch.optim.AdamW(groups, lr=1e-3))


REPORTS: dict[str, Callable[[], pgaudit.Report]] = {
    "config": finetune,
    "every kind of rule": everything,
    "hostile": hostile,
    "built": _built,
    "layer decay": lambda: pgaudit.audit("vit_tiny_patch16_224", ROOT / "configs" / "vit_timm.yaml"),
    "a mixture of experts": lambda: pgaudit.audit(mixture(2_000), POLICIES["mmcv"]),
}


@pytest.mark.parametrize("of", REPORTS)
def test_what_is_packed_is_what_the_report_says(of: str) -> None:
    report = REPORTS[of]()
    data = data_of(page(report))
    assert len(data["names"]) == len(report)
    lr, decay = data["titles"].index("lr"), data["titles"].index("decay")
    for at, row in enumerate(report.params):
        kind, make = data["kinds"][data["kind"][at]], data["makes"][data["make"][at]]
        assert data["names"][at] == visible(row.name)
        assert data["aliases"].get(str(at), []) == list(map(visible, row.param.aliases))
        assert data["group"][at] == (-1 if row.group is None else row.group)
        for place, value in ((lr, row.lr), (decay, row.weight_decay)):
            assert kind["values"][place][1] == ("" if value is None else repr(value))
        assert make[1:2] == [row.param.numel]
        assert (kind["frozen"], kind["out"]) == (row.param.trainable is False, not row.in_optimizer)
    for place in (lr, decay):
        of_kinds = [(kind["values"][place][4], kind["values"][place][1]) for kind in data["kinds"]]
        known = sorted({(rank, float(text)) for rank, text in of_kinds if text})
        assert [value for _, value in known] == sorted({float(text) for _, text in of_kinds if text})
    found = {each.code: each for each in reversed(report.findings)}
    for code, finding in found.items():
        packed = data["findings"][code]
        indices = [i for at in range(0, len(packed), 2) for i in range(packed[at], packed[at] + packed[at + 1])]
        assert {report.params[index].name for index in indices} == set(finding.params)
    for count in report.rules:
        place = next(at for at, bar in enumerate(data["bars"]) if bar[0] == visible(count.rule.full))
        assert sum(place in data["kinds"][kind]["bars"] for kind in data["kind"]) == count.parameters


def test_explanations_tell_what_decides_and_each_stands_there_once() -> None:
    report = finetune()
    data = data_of(page(report))
    assert data["whole"]
    assert len({str(each) for each in data["whys"]}) == len(data["whys"]) < 20
    for at, row in enumerate(report.params):
        (met,) = data["whys"][data["why"][at]]["met"]
        won = [tried[2] for tried in met["tried"] if tried[0] == "won"]
        assert any('"fc"' in rule for rule in won) == ("fc" in row.name)
        assert not any(row.name in str(piece) for tried in met["tried"] for piece in tried)


@pytest.mark.slow
def test_a_hundred_thousand_parameters_are_less_than_a_megabyte() -> None:
    report = pgaudit.audit(mixture(100_000), POLICIES["mmcv"])
    text = page(report)
    data = data_of(text)
    assert len(text.encode()) < 1_000_000
    assert len(data["names"]) == 100_000
    assert not data["whole"]
    assert all(data["whys"][why]["sums"] for why in set(data["why"]))


def test_a_selection_chooses_among_rows_only() -> None:
    report = finetune()
    data = data_of(page(report, Selection(filters=("head",), sort="name")))
    assert data["names"] == ["head.bias", "head.weight"]
    assert data["findings"]["PG003"] == []
    assert "152" in [each.figure for each in cards(report)]


def test_no_file_is_read_because_a_saved_report_names_it(tmp_path: Path) -> None:
    saved = tmp_path / "report.json"
    assert cli.main(["show", "vit_base_patch16_224", str(ROOT / "docs" / "finetune.yaml"), "-o", str(saved)]) == 0
    assert cli.main(["show", str(saved), "-o", str(tmp_path / "report.html")]) == 0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "PG014" in text
    assert "flat_decay_mult: 0.0" not in text


def test_a_percentage_is_100_only_of_all() -> None:
    (decayed,) = [each for each in cards(finetune()) if each.title == "decayed"]
    assert (decayed.figure, decayed.note) == ("99.96 %", "102 of 152 tensors")


def test_what_only_text_has_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for option in ("--fold", "--tree"):
        assert cli.main(["show", "resnet18", str(ROOT / "configs/resnet50_mmcv.yaml"), "-o", "x.html", option]) == 2
        assert f"{option} is for text; html has" in capsys.readouterr().err


def test_a_terminal_does_not_pay_for_it(tmp_path: Path) -> None:
    saved = tmp_path / "report.json"
    saved.write_text(json.dumps(everything().to_dict()))
    code = "import sys; from pgaudit import cli; cli.main(sys.argv[1:]); sys.exit(3 * ('jinja2' in sys.modules))"
    for arguments, status in (([], 0), (["--format", "html"], 3)):
        command = [sys.executable, "-c", code, "show", str(saved), *arguments]
        assert subprocess.run(command, capture_output=True, check=False).returncode == status


def test_steps_and_ranges() -> None:
    assert steps([]) == []
    assert steps([3, 4, 4, 2]) == [3, 1, 0, -2]
    assert ranges([0, 1, 2, 5, 7, 8]) == [0, 3, 5, 1, 7, 2]


def test_the_vendored_library_is_the_one_that_web_names() -> None:
    package = json.loads((ROOT / "web" / "package.json").read_text())
    text = (ROOT / "pgaudit/render/html/vendor/virtual-core.js").read_text(encoding="utf-8")
    assert f"@tanstack/virtual-core {package['dependencies']['@tanstack/virtual-core']}\n" in text
    assert "MIT License" in text
    assert "</script" not in text.lower()
    lock = (ROOT / "web" / "package-lock.json").read_text()
    assert '"resolved"' not in lock
