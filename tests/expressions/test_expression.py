"""Regular expressions say what ``re`` says, and none takes for ever."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgaudit.expressions import Expression, SlowExpression, SlowToCompile
from pgaudit.expressions.process import CHILD
from tests.budget import examples

LONG = "a" * 40 + "b"
SLOW = ["(a+)+$", "(a|aa)+$", "(a|a)*$", "(a*)*$", "(?:(a+)+)?$", "a*a*a*a*a*a*a*a*$", "(.*.*)+="]


@pytest.mark.parametrize("text", SLOW)
def test_what_takes_for_ever_is_stopped(text: str) -> None:
    name = LONG if "=" not in text else "a" * 39
    with pytest.raises(SlowExpression, match="more than 1 second"):
        Expression(text, ("solver", 0)).search(name * 8 if text.startswith("a*") else name)


_CHARS = "".join(chr(0x10000 + 2 * number) for number in range(20_000))


def test_each_character_of_a_large_class_is_a_step() -> None:
    with pytest.raises(SlowExpression):
        Expression(f"[{_CHARS}]*b").search(_CHARS[-1] * 1500)


def test_huge_counts_are_counted_at_once() -> None:
    assert Expression("(?=a)" + "(" * 7 + "a*b" + "){20}" * 7).search("a" * 30) is None


@pytest.mark.parametrize(
    "text",
    [
        "(?i)[" + "".join(f"\\x00-\\u{0xFFFF - number:04x}" for number in range(3000)) + "]",
        f"(?:{'ab' * 150_000}|{'ab' * 150_000})",
    ],
    ids=["ranges", "branches"],
)
def test_what_takes_for_ever_to_compile_is_refused(text: str) -> None:
    began = time.monotonic()
    with pytest.raises(SlowToCompile, match="to be compiled"):
        Expression(text)
    assert time.monotonic() - began < 10


def test_a_long_expression_is_one_still() -> None:
    words = [f"layer{number}" for number in range(200)]
    assert Expression("|".join(words)).search("a.layer199.b")
    with pytest.raises(ValueError, match="missing \\)"):
        Expression("(" + "|".join(words))


def test_a_process_that_somebody_kills_is_begun_anew() -> None:
    expression = Expression("(?:a?)" * 30)
    assert expression.search("aa")
    assert CHILD._process is not None
    CHILD._process.kill()
    CHILD._process.wait()
    assert expression.search("aaa")


_PARTS = st.recursive(
    st.sampled_from(["a", "b", r"\.", "[ab]", ".", r"\w", "^", "$", ""]),
    lambda inside: st.one_of(
        st.tuples(inside, inside).map("".join),
        st.tuples(inside, inside).map(lambda both: f"({both[0]}|{both[1]})"),
        st.tuples(inside, st.sampled_from(["*", "+", "?", "*?", "{1,3}"])).map(lambda both: f"(?:{both[0]}){both[1]}"),
        inside.map(lambda part: f"(?={part})"),
    ),
    max_leaves=6,
)


@settings(max_examples=examples(100), deadline=None)
@given(_PARTS, st.text("ab.", max_size=8))
def test_it_says_what_re_says_random(text: str, name: str) -> None:
    expression = Expression(text)
    assert bool(expression.search(name)) == (re.search(text, name) is not None)
    assert bool(expression.fullmatch(name)) == (re.fullmatch(text, name) is not None)
    assert list(expression.spans(name)) == [found.span() for found in re.finditer(text, name)]


HANGS = {
    "BaseCls": (
        "constructor: basecls\nsolver:\n  weight_decay:\n    - [0, (a+)+$]\n    - 1.0e-4\n",
        LONG,
        2,
        "c.yaml:4:",
    ),
    "rules, regex": (
        "constructor: rules\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg:\n  rules:\n"
        "    - match: {regex: (a+)+$}\n      lr: 1\n",
        LONG,
        2,
        "c.yaml:5:",
    ),
    "big_vision": (
        "constructor: regex\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg:\n  lr_mults:\n    - [(a+)+, 2.0]\n",
        LONG,
        2,
        "c.yaml:5:",
    ),
    "stars": (
        "constructor: rules\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg:\n  rules:\n"
        f"    - match: '{'*a' * 12}'\n      lr: 1\n",
        "a" * 3000 + "b",
        0,
        "",
    ),
    "braces": (
        "constructor: rules\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg:\n  rules:\n"
        f"    - match: '{'*{a,aa}' * 12}'\n      lr: 1\n",
        "a" * 3000 + "b",
        0,
        "",
    ),
    "many globs": (
        "constructor: rules\noptimizer: {type: SGD, lr: 0.1}\nparamwise_cfg:\n  rules:\n    - match:\n"
        + "".join(f"      - blocks.{number}.*\n" for number in range(20_000))
        + "      lr: 1\n",
        "blocks",
        0,
        "",
    ),
}


_SHOWS = """
import os, sys
from pgaudit.cli import main
for folder in sys.argv[1:]:
    os.chdir(folder)
    print("\\0", main(["show", "nets.py:make", "c.yaml"]), file=sys.stderr, flush=True)
    sys.modules.pop("nets", None)
"""


def test_no_config_hangs(tmp_path: Path) -> None:
    folders = []
    for number, (config, name, _, _) in enumerate(HANGS.values()):
        folders.append(tmp_path / str(number))
        folders[-1].mkdir()
        (folders[-1] / "c.yaml").write_text(config)
        (folders[-1] / "nets.py").write_text(
            "from torch import nn\n\n\ndef make():\n    return nn.ModuleDict({'" + name + "': nn.Linear(1, 1)})\n"
        )
    command = [sys.executable, "-c", _SHOWS, *map(str, folders)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    said = ""
    answers = []
    for line in done.stderr.splitlines():
        if line.startswith("\0"):
            answers.append((said, int(line[1:])))
            said = ""
        else:
            said += line + "\n"
    assert {hang: code for hang, (_, code) in zip(HANGS, answers, strict=True)} == {
        hang: code for hang, (_, _, code, _) in HANGS.items()
    }, done.stderr
    for (hang, (_, _, _, place)), (said, _) in zip(HANGS.items(), answers, strict=True):
        assert place in said, hang
