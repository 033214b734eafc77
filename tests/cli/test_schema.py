"""``pgaudit schema``, read by other people's validators and by an editor's server."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgaudit import ConfigError, load_config
from pgaudit.catalogue import example
from pgaudit.cli import main
from pgaudit.config.published import config_schema
from pgaudit.constructors import CONSTRUCTORS
from tests.budget import examples

REPOSITORY = Path(__file__).parents[2]
SERVER = REPOSITORY / ".oracles/yaml-language-server/node_modules/yaml-language-server/bin/yaml-language-server"
VALIDATOR = jsonschema.Draft202012Validator(config_schema())
WRONG = """\
model: resnet50
optimizer: {type: SGD, lr: -1}
constructor: mmengine
paramwise_cfg:
  norm_decay_mult: none
expect:
  groups: {max: 0}
"""
WRONG_LINES = {2, 5, 7}


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "pgaudit.schema.json"
    assert main(["schema", "-o", str(path)]) == 0
    return path


def _checked(schema: Path, *files: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "check_jsonschema", "--schemafile", schema, "-o", "json", *files]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_check_jsonschema_takes_every_config_here(schema: Path) -> None:
    configs = sorted(REPOSITORY.glob("configs/**/*.yaml"))
    assert len(configs) > 5
    assert _checked(schema, *configs)["status"] == "ok"


def test_check_jsonschema_takes_steps_as_yaml_has_them(schema: Path, tmp_path: Path) -> None:
    top = "optimizer: {type: SGD, lr: 0.1}\nscheduler: {type: StepLR, step_size: 3}\n"
    (path := tmp_path / "c.yaml").write_text(
        top + "expect: {params: {'*': {at: {0: {lr: 0.1}, 1000: {lr: 1.0e-5}}}}}\n"
    )
    assert _checked(schema, path)["status"] == "ok"
    path.write_text(top + "expect: {params: {'*': {at: {0: {lr: 0.1}, 1000: {lr: fast}}}}}\n")
    (error,) = _checked(schema, path)["errors"]
    assert "1000" in error["path"]


def test_check_jsonschema_finds_what_pgaudit_finds(schema: Path, tmp_path: Path) -> None:
    (path := tmp_path / "c.yaml").write_text(WRONG)
    places = {error["path"] for error in _checked(schema, path)["errors"]}
    assert places == {"$.optimizer.lr", "$.paramwise_cfg.norm_decay_mult", "$.expect.groups.max"}
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert {finding.location.line for finding in caught.value.findings if finding.location} == WRONG_LINES


@pytest.mark.parametrize("kind", ["config", "project", "expect"])
def test_it_is_a_schema(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", kind]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("name", CONSTRUCTORS)
def test_it_takes_what_each_constructor_is_told(name: str) -> None:
    VALIDATOR.validate({"constructor": name, **example.asked()[name]})


VALUES = st.sampled_from(
    [None, True, 0, 1, 0.5, -1, "x", [], {}, ["a"], {"fc": {"lr_mult": 2}}, {"fc": {"lr_mult": "2"}}]
)


@settings(max_examples=examples(300))
@given(data=st.data())
def test_random_configs_that_it_refuses_are_refused_by_pgaudit(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CONSTRUCTORS)))
    config: dict[str, Any] = {"constructor": name, **example.asked()[name]}
    section = next(iter(CONSTRUCTORS[name].schemas), "paramwise_cfg")
    options = [*CONSTRUCTORS[name].schemas.get(section, {}).get("properties", {}), "other"]
    given = {**config.get(section, {}), **data.draw(st.dictionaries(st.sampled_from(options), VALUES, max_size=3))}
    config[section] = data.draw(st.just(given) | VALUES)
    if not VALIDATOR.is_valid(config):
        with pytest.raises(ConfigError):
            load_config(config)


SGD = {"type": "SGD", "lr": 0.1, "weight_decay": 0.5}
NESTED = {"optimizer": {**SGD, "paramwise_cfg": {"norm_decay_mult": 0}}}
TAKEN: dict[str, dict[str, Any]] = {
    "a library's own model": {"model": {"type": "ImageClassifier"}, **NESTED, "lr_config": {"policy": "step"}},
    "options where mmengine does not look": {
        "optim_wrapper": {"optimizer": SGD},
        "paramwise_cfg": {"norm_decay_mult": "x"},
    },
    "a word that mmcv does not read": {"optimizer": SGD, "constructor": 7, "lr_config": {}},
    "a class of mmcv's": {"optimizer": {**SGD, "constructor": "DefaultOptimizerConstructor"}},
    "a constructor beside a solver": {"solver": {"weight_decay": 0.1}, "constructor": "basecls"},
    "empty options of a layer decay": {
        "constructor": "mmdet_layer_decay",
        "optimizer": SGD,
        "paramwise_cfg": {},
    },
    "nothing under the options": {"optimizer": SGD, "paramwise_cfg": None},
    "a schedule": {"optimizer": SGD, "scheduler": {"type": "CosineAnnealingLR", "T_max": 100}},
    "a list of schedules": {
        "optimizer": SGD,
        "scheduler": [{"type": "LinearLR"}, {"type": "StepLR", "step_size": 3}, {"milestones": [5]}],
    },
    "a scheduler of another library's": {"optimizer": SGD, "scheduler": {"name": "step", "milestones": "5,10"}},
    "a lr at steps": {
        "optimizer": SGD,
        "expect": {"params": {"*": {"lr": 0.1, "at": {"0": {"lr": 0}, "100": {"lr": 1e-5}}}}},
    },
    "whole numbers with a point": {"optimizer": SGD, "expect": {"rules": {"default": 4.0}}},
}


@pytest.mark.parametrize("config", TAKEN.values(), ids=TAKEN)
def test_it_takes_what_pgaudit_takes(config: dict[str, Any]) -> None:
    load_config(config)
    VALIDATOR.validate(config)


REFUSED: dict[str, dict[str, Any]] = {
    "an optimizer without a type": {"optimizer": {"name": "SGD", "lr": 0.1}},
    "no constructor": {"optimizer": SGD, "constructor": None},
    "an option of mmcv's": {"optimizer": {**SGD, "paramwise_cfg": {"norm_decay_mult": "x"}}},
    "an option of mmengine's": {"optim_wrapper": {"optimizer": SGD, "paramwise_cfg": {"flat_decay_mult": "x"}}},
    "a step that is none": {"optimizer": SGD, "expect": {"params": {"*": {"at": {"x": {"lr": 1}}}}}},
    "a step below 0": {"optimizer": SGD, "expect": {"params": {"*": {"at": {"-1": {"lr": 1}}}}}},
    "no steps": {"optimizer": SGD, "expect": {"params": {"*": {"at": {}}}}},
    "no lr at a step": {"optimizer": SGD, "expect": {"params": {"*": {"at": {"1": {}}}}}},
    "another value at a step": {"optimizer": SGD, "expect": {"params": {"*": {"at": {"1": {"lr": 1, "rule": "x"}}}}}},
    "a lr at a step below 0": {"optimizer": SGD, "expect": {"params": {"*": {"at": {"1": {"lr": -1}}}}}},
    "a solver's": {"solver": {"basic_lr": "x", "weight_decay": 0.1}},
}


@pytest.mark.parametrize("config", REFUSED.values(), ids=REFUSED)
def test_it_refuses_what_pgaudit_refuses(config: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        load_config(config)
    assert not VALIDATOR.is_valid(config)


class _Editor:
    """An editor, as far as the server notices: it opens a file, and asks what could stand at a place."""

    def __init__(self, folder: Path, text: str) -> None:
        node = ["node", str(SERVER), "--stdio"]
        self._server = subprocess.Popen(node, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
        self._uri = (folder / "c.yaml").as_uri()
        self._ask("initialize", {"processId": None, "rootUri": folder.as_uri(), "capabilities": {}})
        self._tell("initialized", {})
        document = {"uri": self._uri, "languageId": "yaml", "version": 1, "text": text}
        self._tell("textDocument/didOpen", {"textDocument": document})

    def diagnostics(self) -> list[dict[str, Any]]:
        """Returns what it marks."""
        for message in self._messages():
            if message.get("method") == "textDocument/publishDiagnostics":
                found: list[dict[str, Any]] = message["params"]["diagnostics"]
                return found
        raise AssertionError("the server has ended")

    def offers(self, line: int, column: int) -> set[str]:
        """Returns the words that it offers at a place, counted from 0."""
        at = {"textDocument": {"uri": self._uri}, "position": {"line": line, "character": column}}
        answer = self._ask("textDocument/completion", at)
        return {item["label"] for item in (answer["items"] if isinstance(answer, dict) else answer)}

    def close(self) -> None:
        self._server.kill()
        self._server.communicate()

    def _ask(self, method: str, params: dict[str, Any]) -> Any:
        self._send({"id": method, "method": method, "params": params})
        return next(message["result"] for message in self._messages() if message.get("id") == method)

    def _tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._server.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._server.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._server.stdin.flush()

    def _messages(self) -> Iterator[dict[str, Any]]:
        out = self._server.stdout
        assert out is not None
        while head := out.readline():
            if head.lower().startswith(b"content-length:"):
                out.readline()
                message: dict[str, Any] = json.loads(out.read(int(head.split(b":")[1])))
                if "id" in message and "method" in message:  # it asks for settings, and gets its own defaults
                    items = message["params"].get("items", []) if isinstance(message.get("params"), dict) else []
                    self._send({"id": message["id"], "result": [None] * len(items)})
                else:
                    yield message


@pytest.mark.skipif(not SERVER.exists(), reason="npm, which installs the server, is not there")
def test_the_yaml_language_server_marks_what_is_wrong_and_offers_options(schema: Path, tmp_path: Path) -> None:
    (tmp_path / "pgaudit.schema.json").write_bytes(schema.read_bytes())
    editor = _Editor(tmp_path, f"# yaml-language-server: $schema=./pgaudit.schema.json\n{WRONG}  \n")
    try:
        deadline = time.monotonic() + 60
        marked: set[int] = set()
        while marked != WRONG_LINES and time.monotonic() < deadline:
            marked = {each["range"]["start"]["line"] for each in editor.diagnostics()}
        assert marked == WRONG_LINES
        assert {"flat_decay_mult", "custom_keys"} <= editor.offers(5, 2)
    finally:
        editor.close()
