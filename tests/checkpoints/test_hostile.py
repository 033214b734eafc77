"""Pickles that attack whoever loads them: nothing of them runs, and a file costs no more than a bounded memory."""

from __future__ import annotations

import io
import json
import pickle
import struct
import subprocess
import sys
import zipfile
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.checkpoints.made import trained

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
READ = """\
import json, resource, sys
from pgaudit.checkpoints import is_checkpoint, read_checkpoint
from pgaudit.core.errors import PgauditError
good, most, *paths = sys.argv[1:]
b"a".decode("cp437")  # in which zipfile reads names that are not marked as UTF-8
read_checkpoint(good)  # what reading needs is imported by now
assert not {"torch", "numpy", "yaml"} & set(sys.modules)
seen, heard = [], []
def hook(event, args):
    writes = event == "open" and set(str(args[1])) & set("wax+")
    if heard and (writes or event != "builtins.id" and event.split(".")[0] in FORBIDDEN):
        seen.append(f"{event} {args[0]!r}"[:80])
FORBIDDEN = {"import", "exec", "compile", "pickle", "subprocess", "socket", "ctypes", "marshal", "code", "shutil"}
FORBIDDEN |= {"builtins", "tempfile", "webbrowser", "urllib"}
sys.addaudithook(hook)
resource.setrlimit(resource.RLIMIT_AS, (int(most), int(most)))
answers = {}
for path in paths:
    heard.append(path)
    try:
        is_checkpoint(path)
        answer = "read " + ",".join(each.key for each in read_checkpoint(path).optimizers)
    except PgauditError as error:
        answer = type(error).__name__ + " " + str(error)
    heard.clear()
    answers[path] = [answer, seen[:]]
    seen.clear()
print(json.dumps({"answers": answers, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""


def reads(good: Path, paths: list[Path], most: int = 4 << 30) -> dict[str, Any]:
    """What a fresh process says of files: of each the answer, and the events that no reading of data causes."""
    done = subprocess.run(
        [sys.executable, "-c", READ, str(good), str(most), *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.pt"
    torch.save({"optimizer": trained()[1].state_dict()}, path)
    return path


class Calls:
    """Pickles as a call."""

    def __init__(self, function: Any, *args: Any) -> None:
        self._call = function, args

    def __reduce__(self) -> Any:
        return self._call


def named(module: str, name: str, args: bytes = b")", then: bytes = b"R") -> bytes:
    """A call of what a name stands for, in opcodes."""
    return f"c{module}\n{name}\n".encode() + args + then


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


TOUCH = text("touch PWNED")
STATE = b"}(" + text("state") + b"}" + text("param_groups") + b"]}(" + text("lr") + b"G?\xb9\x99\x99\x99\x99\x99\x9a"
STATE += text("params") + b"]K\x00auau"
ATTACKS = {
    "os.system": b"\x80\x02" + named("os", "system", TOUCH + b"\x85"),
    "posix.system by STACK_GLOBAL": b"\x80\x04" + text("posix") + text("system") + b"\x93" + TOUCH + b"\x85R",
    "builtins.eval": b"\x80\x02" + named("builtins", "eval", text("open('PWNED', 'w')") + b"\x85"),
    "builtins.exec": b"\x80\x02" + named("builtins", "exec", text("open('PWNED', 'w')") + b"\x85"),
    "__builtin__.__import__": b"\x80\x02" + named("__builtin__", "__import__", text("antigravity") + b"\x85"),
    "getattr of a module": b"\x80\x02cbuiltins\ngetattr\n(cos\n__dict__\n" + text("system") + b"tR" + TOUCH + b"\x85R",
    "dotted name": b"\x80\x04" + text("os") + text("path.os.system") + b"\x93" + TOUCH + b"\x85R",
    "INST": b"(S'touch PWNED'\nios\nsystem\n",
    "OBJ": b"(cos\nsystem\nS'touch PWNED'\no",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\n" + TOUCH + b"\x85\x81",
    "NEWOBJ_EX": b"\x80\x04csubprocess\nPopen\n" + TOUCH + b"\x85}\x92",
    "BUILD of a class": b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}" + text("make") + b"cos\nsystem\nsb",
    "BUILD with slots": b"\x80\x02ccollections\nOrderedDict\nN}" + text("__new__") + b"cos\nsystem\ns\x86b",
    "rebuild calls another": b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(cos\nsystem\nN" + TOUCH + b"\x85}tR",
    "default factory": b"\x80\x02ccollections\ndefaultdict\ncos\nsystem\n\x85R" + TOUCH + b"Ns",
    "numpy scalar": b"\x80\x02cnumpy.core.multiarray\nscalar\ncos\nsystem\n" + TOUCH + b"\x86R",
    "nested pickle": b"\x80\x02"
    + named("pickle", "loads", b"B" + struct.pack("<I", 14) + b"cos\nsystem\n)R." + b"\x85"),
    "nested torch.load": b"\x80\x02" + named("torch", "load", text("PWNED") + b"\x85"),
    "torch hub": b"\x80\x02" + named("torch.hub", "load_state_dict_from_url", text("http://localhost/x") + b"\x85"),
    "storage class": b"\x80\x02ctorch.storage\n_load_from_bytes\nC\x03abc\x85R",
    "extension code": b"\x80\x02\x82\x01",
    "persistent id that is called": b"\x80\x02(" + text("storage") + b"cos\nsystem\n" + TOUCH + TOUCH + b"K\x01tQ",
    "persistent id in text": b"\x80\x02Pos.system\n",
    "module persistent id": b"\x80\x02(" + text("module") + b"cos\nsystem\n" + TOUCH + TOUCH + b"tQ" + TOUCH + b"\x85R",
    "__setstate__ of a stub": b"\x80\x02cos\nsystem\n)\x81" + TOUCH + b"b",
    "copyreg": b"\x80\x02ccopy_reg\n_reconstructor\n(cos\nsystem\ncos\nsystem\nNtR",
    "codecs": b"\x80\x02c_codecs\nlookup\n" + text("PWNED") + b"\x85R",
    "functools.partial": b"\x80\x02cfunctools\npartial\ncos\nsystem\n\x85R" + TOUCH + b"\x85R",
}


def zipped(pickled: bytes, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", "3\n")
    return buffer.getvalue()


def test_nothing_of_an_attack_runs_and_the_optimizer_beside_it_is_read(good: Path, tmp_path: Path) -> None:
    paths = []
    for name, attack in ATTACKS.items():
        whole = attack + b"0" + STATE + b"."
        for kind, data in (("zip", zipped(whole)), ("plain", whole), ("alone", attack + b".")):
            path = tmp_path / f"{name} {kind}.pt"
            path.write_bytes(data)
            paths.append(path)
    answers = reads(good, paths)["answers"]
    assert {path: events for path, (_, events) in answers.items() if events} == {}
    assert not list(ROOT.glob("PWNED*"))
    assert not list(tmp_path.glob("PWNED*"))
    for path, (answer, _) in answers.items():
        refused = any(word in path for word in ("extension", "BUILD of a", "BUILD with"))
        if "alone" in path or refused:
            assert answer.startswith("ConfigError"), path
        else:
            assert answer == "read ", (path, answer)


def test_the_attacks_are_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of them, at least, does what it says where it is loaded as pickles usually are."""
    monkeypatch.chdir(tmp_path)
    pickle.loads(ATTACKS["os.system"] + b".")
    assert (tmp_path / "PWNED").exists()


def repeated(part: bytes, times: int) -> bytes:
    return b"\x80\x04N" + part * times + b"."


def _group(*values: bytes) -> bytes:
    return b"}(" + text("params") + b"h\x01" + b"".join(values) + b"u"


LONG_LIST = b"](" + b"K\x00" * 100_000 + b"e"
FLOATS = [2.0 ** (61 * power) for power in range(14)]
"""Of one hash."""
ALIKE = b"".join(b"G" + struct.pack(">d", each) + b"q" + bytes([place]) + b"0" for place, each in enumerate(FLOATS))
TUPLES = [b"(" + b"".join(b"h" + bytes([place]) for place in places) + b"t" for places in product(range(14), repeat=4)]
"""Of one hash, too; the floats stand in the memo."""
HUGE = {
    "tuples of one hash": b"\x80\x02" + ALIKE + b"}(" + b"".join(each + b"N" for each in TUPLES) + b"u.",
    "tuples of one hash, one by one": b"\x80\x02" + ALIKE + b"}" + b"".join(each + b"Ns" for each in TUPLES) + b".",
    "tuples of one hash in a set": b"\x80\x04" + ALIKE + b"\x8f(" + b"".join(TUPLES) + b"\x90.",
    "tuples of one hash in a frozenset": b"\x80\x04" + ALIKE + b"(" + b"".join(TUPLES) + b"\x91.",
    "tuples of one hash in a set by a call": b"\x80\x02" + ALIKE + b"cbuiltins\nset\n](" + b"".join(TUPLES)
    + b"e\x85R.",
    "tuples of one hash in an OrderedDict": b"\x80\x02" + ALIKE + b"ccollections\nOrderedDict\n]("
    + b"".join(each + b"N\x86" for each in TUPLES) + b"e\x85R.",
    "flat options": b"\x80\x02" + LONG_LIST + b"q\x01}(" + b"".join(
        text(f"param_groups.{n}.x") + b"h\x01" + text(f"param_groups.{n}.y") + b"J" + struct.pack("<i", n)
        for n in range(20_000)
    ) + b"u.",
    "one list in many groups": b"\x80\x02" + LONG_LIST + b"q\x010}(" + text("state") + b"}" + text("param_groups")
    + b"](" + _group() * 50_000 + b"eu.",
    "one value in many groups": b"\x80\x02" + LONG_LIST + b"q\x020]q\x010}(" + text("state") + b"}"
    + text("param_groups") + b"](" + _group(text("x"), b"h\x02") * 50_000 + b"eu.",
    "keys of one hash": b"\x80\x02}("
    + b"".join(b"\x8a\x0b" + (n * (2**61 - 1)).to_bytes(11, "little") + b"N" for n in range(200_000))
    + b"u.",
    "memo at 4e9": b"\x80\x02Nr\xff\xff\xff\xff.",
    "memo in text": b"Np4000000000\n.",
    "bytes of 2^62": b"\x80\x05\x8e" + struct.pack("<Q", 1 << 62) + b".",
    "text of 2^31": b"\x80\x02X" + struct.pack("<I", (1 << 31) - 1) + b"abc.",
    "frame of 2^62": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.",
    "number of many digits": b"\x80\x02\x8b" + struct.pack("<I", 1 << 20) + b"\x01" * (1 << 20) + b".",
    "digits in text": b"L" + b"9" * 2_000_000 + b"L\n.",
    "sets": b"\x80\x04(" + b"\x8f" * 6_000_000 + b"l.",
    "mappings": b"\x80\x04(" + b"}" * 6_000_000 + b"l.",
    "deep tuples": repeated(b"\x85", 2_000_000)[:-1] + b"}N\x86" + b"}" + b".",
    "deep tuple as a key": b"\x80\x04}N" + b"\x85" * 2_000_000 + b"Ns.",
    "deep lists": b"\x80\x04" + b"]" * 1_000_000 + b"a" * 999_999 + b".",
    "classes": b"\x80\x02" + b"".join(b"ca\nb%d\n0" % n for n in range(200_000)) + b"N.",
    "a mapping that holds itself": b"\x80\x02}q\x00" + text("state") + b"h\x00s" + text("param_groups") + b"h\x00s.",
    "a list that holds itself": b"\x80\x02]q\x00h\x00a.",
    "lists of lists": b"\x80\x02]q\x00" + b"".join(b"](h%ch%ceq%c" % (n, n, n + 1) for n in range(60)) + b".",
    "a mapping copied again and again": b"\x80\x02]("
    + b"".join(b"J" + struct.pack("<i", n) for n in range(200_000))
    + b"eq\x000(" + b"cbuiltins\nset\nh\x00\x85R" * 50_000 + b"l.",
}  # fmt: skip


def test_what_asks_for_too_much_costs_little(good: Path, tmp_path: Path) -> None:
    paths = []
    for name, data in HUGE.items():
        path = tmp_path / f"{name}.pt"
        path.write_bytes(data)
        paths.append(path)
    bomb = tmp_path / "bomb.pt"
    bomb.write_bytes(
        zipped(b"\x80\x02" + b"N0" * (130 << 20) + b"N.", compression=zipfile.ZIP_DEFLATED, compresslevel=1)
    )
    answers = reads(good, [*paths, bomb], most=3 << 30)
    assert len(answers["answers"]) == len(HUGE) + 1
    for path, (answer, events) in answers["answers"].items():
        assert answer.startswith("ConfigError"), path
        assert events == [], path
    assert answers["peak"] < 1 << 21  # KiB: 2 GiB


def test_what_is_large_and_honest_is_read(good: Path, tmp_path: Path) -> None:
    """Texts have a hash that nobody can choose; a state may have many tensors. A square of either is hours."""
    pairs = b"".join(b"h\x01" + text(f"b{n}") + b"\x86K\x00" for n in range(100_000))
    merges = tmp_path / "merges.pt"
    merges.write_bytes(zipped(b"\x80\x02" + text("a") + b"q\x010}(" + pairs + b"u0" + STATE + b"."))
    tensors = tmp_path / "tensors.pt"
    state = {0: dict.fromkeys(map(str, range(200_000)), torch.ones(3, 2))}
    torch.save({"state": state, "param_groups": [{"lr": 0.1, "params": [0]}]}, tensors)
    assert {answer for answer, _ in reads(good, [merges, tensors])["answers"].values()} == {"read "}
