"""The cache saves time and nothing else: whatever becomes of it, the answer is the same to the byte."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import timm

import pgaudit
from pgaudit import cli, user_code
from pgaudit.files.packages import package_folder
from pgaudit.models import cache as caches
from pgaudit.models import cache_key, timm_names
from pgaudit.models.cache import Cache
from pgaudit.render.report.table import render_table
from pgaudit.render.select import Selection
from pgaudit.render.terminal import TableOptions
from pgaudit.user_code import imports
from tests.command_lines import Answer, answers
from tests.models.hammer import hammer

pytestmark = pytest.mark.slow

MMCV = {
    "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-4},
    "paramwise_cfg": {"norm_decay_mult": 0.0, "custom_keys": {"head": {"lr_mult": 10.0}}},
}
TIMM = {
    "constructor": "timm",
    "optimizer": {"type": "lamb", "lr": 5e-3, "weight_decay": 0.02, "betas": [0.9, 0.98]},
    "paramwise_cfg": {"layer_decay": 0.75},
}
BASECLS = {"solver": {"basic_lr": 0.1, "weight_decay": [[0, {"type": "torch.nn.LayerNorm"}], [1e-5, "bias"], 1e-4]}}
MODELS = (Path(__file__).parent.parent / "data" / "timm_models.txt").read_text().split()


@pytest.fixture(autouse=True)
def _as_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests run foreign code in this process, after which a cache is not asked."""
    monkeypatch.setattr(user_code, "_ran", [])


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(str(tmp_path / "kept"))


def _answer(model: str, config: Any, cache: Cache | None, **given: Any) -> str:
    report = pgaudit.audit(model, config, cache=cache, **given)
    table = "".join(render_table(report, Selection(), TableOptions(fold=True, groups=True)))
    return json.dumps(report.to_dict()) + table + "".join(report.inventory.notes)


@pytest.mark.parametrize(("model", "configs"), [*zip(MODELS[::12], itertools.cycle(((MMCV,), (TIMM,), (BASECLS,))))])
def test_warm_is_cold(model: str, configs: Sequence[Any], cache: Cache) -> None:
    _warm_is_cold(model, configs, cache)


def test_warm_is_cold_for_all_configs(cache: Cache) -> None:
    _warm_is_cold("vit_tiny_patch16_224", (MMCV, TIMM, BASECLS), cache)


def _warm_is_cold(model: str, configs: Sequence[Any], cache: Cache) -> None:
    for config in configs:
        cold = _answer(model, config, None)
        assert _answer(model, config, cache) == cold
        assert _answer(model, config, cache) == cold
    assert cache.usage().models == 1


def _run_all(calls: Sequence[Sequence[str]], cache: Path) -> list[Answer]:
    return answers(calls, PGAUDIT_CACHE_DIR=str(cache))


def _here(
    *arguments: str, cache: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> tuple[int, str]:
    """The exit code and stdout of a command line in this process, which has loaded torch."""
    with monkeypatch.context() as patch:
        patch.setenv("PGAUDIT_CACHE_DIR", str(cache))
        code = cli.main(arguments)
    return code, capsys.readouterr().out


@pytest.mark.parametrize("config", ["resnet50_mmcv", "vit_timm", "swin_transformers", "resnet50_basecls"])
def test_a_warm_run_loads_no_torch(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("resnet18", f"configs/{config}.yaml")
    cold = _here("show", *arguments, cache=tmp_path, capsys=capsys, monkeypatch=monkeypatch)
    path = f"configs/{config}.yaml"
    calls = [
        ("show", *arguments),
        ("lock", *arguments),
        ("check", *arguments, "--fail-on", "never"),
        ("explain", *arguments, "fc.bias"),
        ("diff", path, path, "--model", "resnet18"),
    ]
    for call, warm in zip(calls, _run_all(calls, tmp_path), strict=True):
        assert (warm.code, warm.err, warm.loaded) == (0, "", []), call
        if call[0] == "show":
            assert (warm.code, warm.out) == cold
    anew = _here("show", *arguments, "--no-cache", cache=tmp_path, capsys=capsys, monkeypatch=monkeypatch)
    assert anew == cold


def test_a_cold_run_loads_it_and_answers_the_same(tmp_path: Path) -> None:
    arguments = ["show", "resnet18", "configs/resnet50_mmcv.yaml"]
    (cold,) = _run_all([arguments], cache=tmp_path)
    assert "torch" in cold.loaded
    warm, anew = _run_all([arguments, [*arguments, "--no-cache"]], cache=tmp_path)
    assert (warm.code, warm.out, warm.err, warm.loaded) == (0, cold.out, "", [])
    assert "torch" in anew.loaded
    assert anew.out == cold.out


def test_without_a_cache_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["show", "resnet18", "configs/resnet50_mmcv.yaml", "--no-cache"]
    assert _here(*arguments, cache=tmp_path / "kept", capsys=capsys, monkeypatch=monkeypatch)[0] == 0
    assert not (tmp_path / "kept").exists()


def test_what_an_optimizer_said_is_remembered(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(**arguments: Any) -> str:
        try:
            return _answer("resnet18", {"optimizer": {"type": "SGD", "lr": 0.1, **arguments}}, cache)
        except pgaudit.ConfigError as error:
            return str(error)

    asked: list[dict[str, Any]] = [
        {},
        {"momentum": 0.9},
        {"momentum": 0.9, "nesterov": True},
        {"momentum": -1.0},
        {"nesterov": True},
    ]
    cold = [answers(**arguments) for arguments in asked]
    assert sum("would raise ValueError" in answer for answer in cold) == 2
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "torch", None)  # any import of it fails
        assert [answers(**arguments) for arguments in asked] == cold
        with pytest.raises(ImportError):
            answers(lr=0.2)
    assert '"lr": 0.2' in answers(lr=0.2)


def test_of_many_answers_the_newer_half_stays(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "MOST_ENTRIES", 20)
    for number in range(100):
        cache.learn("answers", str(number), number)
        path = cache._entry("answers", "", str(number))
        os.utime(path, (number, number))
        assert len(list(path.parent.iterdir())) <= 21
        assert all(cache.get("answers", str(newer)) == newer for newer in range(max(0, number - 9), number + 1))
    assert cache.get("answers", "0") is None
    cache.learn("answers", "long", "x" * caches.MOST_LENGTH)
    assert cache.get("answers", "long") is None


def test_damaged_entries_are_rebuilt_without_a_word(cache: Cache) -> None:
    cold = _answer("resnet18", MMCV, cache)
    files = list(Path(cache.folder).glob("*/*/*.json"))
    assert len(files) == 5
    rng = random.Random(0)
    for path in files:
        whole = path.read_bytes()
        for _ in range(25):
            at = rng.randrange(len(whole))
            broken = rng.choice([whole[:at], whole[:at] + bytes([rng.randrange(256)]) + whole[at + 1 :], b"", b"{}"])
            path.write_bytes(broken)
            assert _answer("resnet18", MMCV, cache) == cold
        path.write_bytes(b"[" * 100_000)
        assert _answer("resnet18", MMCV, cache) == cold
        assert timm_names.timm_names("", cache) == timm.list_models()
        made_from, _, held = path.read_bytes().partition(b"\n")
        assert json.loads(made_from)["cache_key"]
        assert json.loads(held)


@pytest.mark.parametrize("there", ["file", "below"])
def test_a_folder_that_cannot_be_written_only_costs_speed(there: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    cache = Cache(str(tmp_path / "file" if there == "file" else tmp_path / "file" / "below"))
    assert _answer("resnet18", MMCV, cache) == _answer("resnet18", MMCV, None)
    assert (tmp_path / "file").read_text() == "mine"
    assert cache.usage().bytes == 0


def test_what_can_change_the_answer_is_in_the_key(
    cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answer("resnet18", MMCV, cache)
    _answer("timm:resnet18", MMCV, cache)
    _answer("resnet18", MMCV, cache, model_args={"num_classes": 10})
    assert cache.usage().models == 3
    seen = {cache_key.cache_key()}
    package = tmp_path / "timm"
    (package / "models").mkdir(parents=True)
    source = package / "models" / "resnet.py"
    source.write_text("depth = 18")
    folder = package_folder
    monkeypatch.setattr(cache_key, "package_folder", lambda name: package if name == "timm" else folder(name))

    def changed() -> bool:
        cache_key.cache_key.cache_clear()
        before = len(seen)
        seen.add(cache_key.cache_key())
        return len(seen) > before

    assert changed()
    assert not changed()
    os.utime(source, ns=(1, 1))
    assert changed()
    (package / "models" / "another.py").write_text("")
    assert changed()
    monkeypatch.setenv("TIMM_FUSED_ATTN", "0")
    assert changed()
    assert cache.model("resnet18", {}) is None
    assert cache.usage().stale_bytes > 0
    monkeypatch.setattr(cache_key, "package_folder", lambda name: None)
    cache_key.cache_key.cache_clear()
    assert cache_key.cache_key() is None
    assert not cache.usable
    monkeypatch.undo()
    cache_key.cache_key.cache_clear()


def test_code_of_the_users_ends_it(cache: Cache, tmp_path: Path) -> None:
    """It may have changed what timm builds."""
    patch = tmp_path / "patching.py"
    patch.write_text("import timm, torch\nclass Mine(torch.nn.Module): ...\n")
    _answer("resnet18", MMCV, cache)
    assert cache.usable
    imports.import_attribute(f"{patch}:Mine")
    assert not cache.usable
    assert cache.model("resnet18", {}) is None
    _answer("resnet34", MMCV, cache)
    assert cache.usage().models == 1


def test_it_is_bounded(cache: Cache) -> None:
    _answer("resnet18", MMCV, cache)
    (model,) = Path(cache.folder).glob("*/models/*")
    small = Cache(cache.folder, most_bytes=cache.usage().bytes + 2 * model.stat().st_size)
    for classes in range(2, 12):
        _answer("resnet18", MMCV, small, model_args={"num_classes": classes})
        assert small.usage().bytes <= small.most_bytes
    assert small.model("resnet18", {"num_classes": 11}) is not None
    assert small.model("resnet18", {"num_classes": 2}) is None


def test_clearing_takes_nothing_of_others(cache: Cache) -> None:
    _answer("resnet18", MMCV, cache)
    mine = Path(cache.folder) / "inventories-of-mine.txt"
    mine.write_text("mine")
    assert cache.clear().models == 1
    assert [path.name for path in Path(cache.folder).iterdir()] == [mine.name]
    assert cache.clear().bytes == 0


def test_concurrent_runs_see_whole_entries(cache: Cache) -> None:
    _answer("resnet18", MMCV, cache)
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        wrong = pool.starmap(hammer, [(cache.folder, seed) for seed in range(1, 4)])
    assert wrong == [0, 0, 0]
    assert not list(Path(cache.folder).glob("*/*/.*"))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept"
    (empty,) = _run_all([["cache"]], cache=kept)
    assert empty.out == f"{kept}\n0 models, 0 B; at most 537 MB\n"
    _here("show", "resnet18", "configs/resnet50_mmcv.yaml", cache=kept, capsys=capsys, monkeypatch=monkeypatch)
    shown, cleared, wrong = _run_all([["cache", "info"], ["cache", "clear"], ["cache", "clean"]], cache=kept)
    assert shown.out.splitlines()[1].startswith("1 model, ")
    assert (shown.err, shown.loaded) == ("", [])
    assert "removed" in cleared.out
    assert list(kept.iterdir()) == []
    assert (wrong.code, "clear" in wrong.err) == (2, True)


def test_by_default_it_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert pgaudit.Cache().folder == os.environ["PGAUDIT_CACHE_DIR"]
    monkeypatch.delenv("PGAUDIT_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    assert Path(pgaudit.Cache().folder).name == "pgaudit"
    assert tmp_path in Path(pgaudit.Cache().folder).parents


TYPOS = {
    "model": ["show", "resnet1O8", "c.yaml"],
    "model and config": ["show", "resnet1O8", "new.yaml"],
    "the config's model": ["show", "model.yaml"],
    "model of convert": ["convert", "c.yaml", "--to", "rules", "--model", "resnet1O8"],
    "model of snapshot": ["snapshot", "resnet1O8"],
    "model of check": ["check", "resnet1O8", "c.yaml"],
    "model of sweep": ["sweep", "resnet1O8", "c.yaml"],
    "glob": ["models", "resnte1*"],
    "what is no name": ["show", "facebook/opt-125m", "c.yaml"],
    "optimizer": ["show", "resnet18", "optimizer.yaml"],
    "optimizer, dotted": ["show", "resnet18", "dotted.yaml"],
    "constructor": ["show", "resnet18", "c.yaml", "--constructor", "mmvc"],
    "command": ["shwo", "resnet18", "c.yaml"],
    "file": ["show", "resnet18", "cc.yaml"],
    "format": ["show", "resnet18", "c.yaml", "--format", "jsn"],
    "option": ["show", "resnet18", "c.yaml", "--fliter", "x"],
}


def test_a_typo_loads_no_torch(tmp_path: Path) -> None:
    """As on a warm run: the names are kept, once they have been asked for."""
    config = "optimizer: {type: SGD, lr: 0.1}\n"
    files = {"c.yaml": config, "new.yaml": config.replace("SGD", "AdamW"), "model.yaml": f"model: resnet1O8\n{config}"}
    files |= {"optimizer.yaml": config.replace("SGD", "SDG"), "dotted.yaml": config.replace("SGD", "torch.optim.SGD")}
    files |= {
        "timm.yaml": f"constructor: timm\n{config.replace('SGD', 'adamv')}",
        "refused.yaml": config.replace("SGD", "Adam, betas: [2, 0.9]"),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    asks = [["show", "resnet1O8", "c.yaml"]]
    asks += [["show", "resnet18", f"{name}.yaml"] for name in ("optimizer", "timm", "refused")]
    cold = answers(asks, folder=tmp_path, PGAUDIT_CACHE_DIR=str(tmp_path / "kept"))
    warm = answers([*asks, *TYPOS.values()], folder=tmp_path, PGAUDIT_CACHE_DIR=str(tmp_path / "kept"))
    assert "torch" in cold[0].loaded
    for first, second in zip(cold, warm, strict=False):
        assert (first.code, second.code) == (2, 2)
        assert second.err == first.err
    for name, ran in zip(TYPOS, warm[len(asks) :], strict=True):
        assert (name, ran.code) == (name, 2)
        assert (name, "torch" in ran.loaded, "timm" in ran.loaded) == (name, False, False), ran.err


@pytest.mark.parametrize("old", ["vit_tiny_patch16_224_in21k", "gluon_resnet18_v1b"])
def test_a_name_that_is_no_longer_listed_is_still_taken(old: str, cache: Cache) -> None:
    assert old not in timm.list_models()
    assert timm.is_model(old)
    timm_names.timm_names("", cache)
    timm_names.refuse_unknown_model(old, pgaudit.load_config(MMCV), cache)


# Who may write there.

LINEAR = ("modules", "torch.nn.Linear")


def _kept(cache: Cache) -> Path:
    """An entry that is believed."""
    cache.learn(*LINEAR, "torch.nn.modules.linear.Linear")
    assert cache.get(*LINEAR) == "torch.nn.modules.linear.Linear"
    (entry,) = Path(cache.folder).glob("*/modules/*.json")
    return entry


def test_all_folders_are_the_users_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        entry = _kept(Cache(str(tmp_path / "above" / "kept")))
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (entry, *list(entry.parents)[:4])] == [0o600, *[0o700] * 4]


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are those of POSIX")
@pytest.mark.parametrize("level", ["entry", "section", "generation", "root"])
@pytest.mark.parametrize("change", ["group", "others", "owner"])
def test_what_others_could_have_written_is_not_believed(level: str, change: str, cache: Cache) -> None:
    entry = _kept(cache)
    path = dict(zip(("entry", "section", "generation", "root"), (entry, *entry.parents), strict=False))[level]
    if change == "owner":
        if os.geteuid() != 0:
            pytest.skip("only root gives files away")
        os.chown(path, 12345, -1)
    else:
        path.chmod(path.stat().st_mode | {"group": 0o020, "others": 0o002}[change])
    assert cache.get(*LINEAR) is None
    if level == "entry":
        return
    assert str(path) in str(cache.refusal())
    held = entry.read_bytes()
    cache.learn(*LINEAR, "torch.nn.Conv2d")
    cache.learn("modules", "torch.nn.Conv2d", "torch.nn.Conv2d")
    assert [*Path(cache.folder).glob("*/modules/*")] == [entry]
    assert entry.read_bytes() == held


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are those of POSIX")
def test_a_run_says_so_once_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGAUDIT_CACHE_DIR", str(tmp_path))
    assert cli.main(["models", "resnet18"]) == 0
    assert capsys.readouterr() == ("resnet18\n", "")
    tmp_path.chmod(0o777)
    assert cli.main(["models", "resnet18"]) == 0
    note = f"note: the cache is left alone, for others may write to {tmp_path}; PGAUDIT_CACHE_DIR names another\n"
    assert capsys.readouterr() == ("resnet18\n", note)
    assert cli.main(["cache"]) == 0
    assert "no run uses it, for others may write to" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="owners and modes are those of POSIX")
@pytest.mark.parametrize(("mode", "believed"), [(0o777, False), (0o1777, True), (0o775, True)])
def test_a_folder_is_not_believed_where_everybody_may_take_its_place(tmp_path: Path, mode: int, believed: bool) -> None:
    (tmp_path / "open" / "between").mkdir(parents=True)
    (tmp_path / "open").chmod(mode)
    cache = Cache(str(tmp_path / "open" / "between" / "kept"))
    cache.learn("lists", "optimizers", ["SGD"])
    assert (cache.get("lists", "optimizers") == ["SGD"], cache.refusal() is None) == (believed, believed)


def test_an_entry_is_believed_under_its_own_name_only(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = _kept(cache)
    moved = [("modules", "torch.nn.Conv2d"), ("lists", "torch.nn.Linear"), ("answers", "torch.nn.Linear")]
    for section, key in moved:
        path = cache._entry(section, "", key)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.write_bytes(entry.read_bytes())
        path.chmod(0o600)
        assert cache.get(section, key) is None
    monkeypatch.setattr(caches, "cache_key", lambda: "f" * 32)
    path = cache._entry("modules", "", "torch.nn.Linear")
    path.parent.mkdir(mode=0o700, parents=True)
    path.parent.parent.chmod(0o700)
    path.write_bytes(entry.read_bytes())
    path.chmod(0o600)
    assert cache.get(*LINEAR) is None


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("answers", "x", {"tuple": 1}),
        ("answers", "x", {"payload": [1]}),
        ("answers", "x", {"dict": [1]}),
        ("answers", "x", [1]),
        ("modules", "torch.nn.Linear", ["x"]),
        ("lists", "models", [1]),
        ("lists", "models", "x"),
        ("payload", "x", 1),
    ],
)
def test_what_no_run_keeps_is_not_believed(section: str, key: str, value: Any, cache: Cache) -> None:
    cache._write(section, "", key, json.dumps(value))
    assert cache._read(section, "", key) is not None
    assert cache.get(section, key) is None
