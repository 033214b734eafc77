from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from tests.checks.cases import HEAD, Case, audit, examine, only, tree


def _linear(*names: str) -> Callable[[], nn.Module]:
    return lambda: tree({name: nn.Linear(2, 2) for name in names})


def _norms(*names: str) -> Callable[[], nn.Module]:
    return lambda: tree({name: nn.LayerNorm(2) for name in names})


class _Attention(nn.Module):
    def __init__(self, *names: str) -> None:
        super().__init__()
        for name in names:
            self.register_parameter(name, nn.Parameter(torch.empty(2, 2)))


class _Mlp(nn.Module):
    pretrained_cfg = {"classifier": "head"}

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(tree({"fc1": nn.Linear(2, 2), "fc2": nn.Linear(2, 2)}) for _ in range(2))
        self.head = nn.Linear(2, 2)


def _key(key: str) -> str:
    return HEAD + f"  custom_keys: {{{key}: {{lr_mult: 10}}}}\n"


def _found(key: str, message: str, hint: str, model: Callable[[], nn.Module]) -> Case:
    return Case(_key(key), (3, 17), message, hint, model)


def _silent(key: str, model: Callable[[], nn.Module]) -> Case:
    return Case(_key(key), None, model=model)


def _numbered() -> nn.Module:
    names: dict[str, nn.Module] = {
        f"b.{number}.{name}": nn.Linear(2, 2, bias=False) for number in (1, 10) for name in ("fc1", "fc2")
    }
    return tree(names)


CASES = {
    "a word at the end": _found(
        "head",
        '"head" hits only inside decode_head, auxiliary_head; 4 tensors (67 % of the model), such as decode',
        "",
        _linear("backbone", "decode_head", "auxiliary_head"),
    ),
    "one such module, of a classifier's usual name": _found(
        "head",
        '"head" hits only inside decode_head; 2 tensors (50 % of the model): decode_head.weight, ',
        "",
        _linear("backbone", "decode_head"),
    ),
    "beside the one that is meant": _found(
        "head",
        '"head" also hits inside decode_head',
        'a longer key would take these out: "decode_head"',
        _linear("head", "decode_head"),
    ),
    "beside the one below another": _found(
        "head", '"head" also hits inside roi_heads', '"head." hits the other 2 alone', _linear("rpn.head", "roi_heads")
    ),
    "inside a longer word": _found("fc", '"fc" hits only inside fc1, fc2; 8 tensors', 'did you mean "head"?', _Mlp),
    "a longer number": _found(
        "layer1",
        '"layer1" also hits inside layer10; 2 tensors',
        '"layer1." hits the other 2 alone',
        _linear("layer1", "layer10"),
    ),
    "a longer number of a segment of its own": _found(
        "b.1", '"b.1" also hits inside b.10, b.11', '"b.1." hits the other 2 alone', _linear("b.1", "b.10", "b.11")
    ),
    "a number of a kind": _found("conv1", '"conv1" also hits inside conv10', '"conv1."', _linear("conv1", "conv10")),
    "inside the name of a parameter": _found(
        "bias",
        '"bias" also hits inside relative_position_bias_table; 1 tensor',
        '".bias" hits the other alone',
        lambda: tree({"attn": _Attention("relative_position_bias_table"), "fc": nn.Linear(2, 2)}),
    ),
    "a part in order, and another thing of the word": _found(
        "layer", '"layer" also hits inside layer_blocks', "", _linear("b.layer1", "b.layer2", "f.layer_blocks")
    ),
    "whole segments": _silent("head", _linear("head", "neck.head.fc")),
    "whole segments with dots": _silent(".conv.", _linear("a.conv", "a.convs")),
    "whole once is enough": _silent("head", _linear("decode_head.head")),
    "a numbered family": _silent("layer", _linear("layer1", "layer2", "layer3")),
    "a plural": _silent("block", _linear("blocks.0", "blocks.1")),
    "a kind of module": _silent("norm", _norms("norm1", "b.norm2", "b.final_norm")),
    "a kind by its abbreviation": _silent(
        "bn", lambda: tree({"bn1": nn.BatchNorm2d(2), "b.post_bn": nn.BatchNorm2d(2)})
    ),
    "a kind in what has another": _silent(
        "conv",
        lambda: tree(
            {"conv1.conv": nn.Conv2d(2, 2, 1), "conv1.bn": nn.BatchNorm2d(2), "conv_stem": nn.Conv2d(2, 2, 1)}
        ),
    ),
    "a numbered kind of a class that says nothing": _silent("norm", _linear("norm", "b.norm1", "b.norm2")),
    "the only name of the word": _silent("stem", _linear("conv_stem", "head")),
    "the only name of the word, many times": _silent("mlp", _linear("b.0.mlp_channels", "b.1.mlp_channels")),
    "a word of a parameter's name": _silent("bias", lambda: tree({"attn": _Attention("q_bias", "bias_k", "bias")})),
    "a parameter's name cut short": _silent("pos_embed", lambda: tree({"enc": _Attention("pos_embedding")})),
    "an empty key": _silent("''", _linear("head")),
    "what another key decides": Case(
        HEAD + "  custom_keys: {head: {lr_mult: 10}, decode_head: {}}\n", None, model=_linear("head", "decode_head")
    ),
    "a pattern at the beginning": Case(
        "solver: {weight_decay: [[0, head], 1.0e-4]}\n",
        (1, 25),
        '"head" hits only inside headless',
        model=_linear("headless"),
    ),
    "a pattern in the middle is another finding": Case(
        "solver: {weight_decay: [[0, ead], 1.0e-4]}\n", None, model=_linear("headless")
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_pg003(tmp_path: Path, case: Case) -> None:
    examine(tmp_path, "PG003", case)


@pytest.mark.parametrize(
    ("other", "hint"), [("fc1.w", '"b.1." hits the other alone'), ("fc1.", None), ("b.1.: {}, fc1.w", None)]
)
def test_a_longer_key_is_no_hint_where_it_takes_more(tmp_path: Path, other: str, hint: str | None) -> None:
    text = HEAD + f"  custom_keys: {{b.1: {{lr_mult: 10}}, {other}: {{lr_mult: 2}}}}\n"
    assert only(audit(tmp_path, text, _numbered()), "PG003").hint == hint
