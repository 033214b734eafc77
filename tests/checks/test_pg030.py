"""What is found of sharded models: FSDP1, FSDP2 and DDP in a group of two processes, and the marks of ZeRO-3."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.checks.built_cases import BuiltCase, Made, check_cases
from tests.checks.cases import has_words

SIZE = 2
Found = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Found]:
    """What each process of a group finds."""
    folder = tmp_path_factory.mktemp("group")
    command = [sys.executable, "-m", "tests.checks.shards", str(folder)]
    root = Path(__file__).parents[2]
    started = [
        subprocess.Popen([*command, str(rank), str(SIZE)], cwd=root, stderr=subprocess.PIPE, text=True)
        for rank in range(SIZE)
    ]
    errors = [process.communicate(timeout=120)[1] for process in started]
    assert [process.returncode for process in started] == [0] * SIZE, errors
    return [json.loads((folder / f"{rank}.json").read_text(encoding="utf-8")) for rank in range(SIZE)]


LOST = "have fewer than 2 dimensions here, and no weight decay"
FLAT = "1 tensor at one lr and weight decay holds 4 vectors beside matrices, such as norms and biases"
SAID = {
    "FSDP1, original parameters, by ndim": f"FSDP shards: 2 tensors with matrices in them {LOST}: 0.weight, 2.weight",
    "FSDP1, original parameters, by name": None,
    "FSDP1, flat": f"FSDP flat parameters: {FLAT}, which nothing can tell apart: _flat_param",
    "FSDP1, flat, without the model": f"FSDP flat parameters: {FLAT} … group 0 [0]",
    "FSDP1, flat, by ndim": "1 tensor with matrices in it has fewer than 2 dimensions here, and no weight decay",
    "FSDP1, flat, no weight decay": None,
    "FSDP2, by ndim": None,
    "DDP, by ndim": None,
}


@pytest.mark.slow
@pytest.mark.parametrize(("way", "said"), SAID.items(), ids=SAID)
def test_sharded(found: list[Found], way: str, said: str | None) -> None:
    for of_rank in found:
        messages = [finding["message"] for finding in of_rank[way] if finding["code"] == "PG030"]
        assert len(messages) == (said is not None)
        assert all(has_words(message, said or "") for message in messages), messages


@pytest.mark.slow
def test_what_keeps_its_dimensions_is_found_clean(found: list[Found]) -> None:
    for of_rank in found:
        assert of_rank["FSDP2, by ndim"] == of_rank["DDP, by ndim"] == []
        for findings in of_rank.values():
            assert all(finding["shown"] for finding in findings)


@pytest.mark.slow
def test_a_shards_vector_is_not_taken_for_the_models(found: list[Found]) -> None:
    """PG007 goes by dimensions, too."""
    for of_rank in found:
        assert {finding["code"] for findings in of_rank.values() for finding in findings} == {
            "PG022",
            "PG030",
            "PG043",
        }


def _partitioned(*, by_name: bool, whole: bool = False, decay: float = 0.1) -> Made:
    """A layer as DeepSpeed's ``zero.Init`` leaves it: tensors of no element, with ``ds_shape`` (0.19.8,
    ``runtime/zero/partition_parameters.py``, ``_convert_to_deepspeed_param`` and ``partition``).
    """
    model = nn.Linear(4, 4)
    for parameter in model.parameters():
        parameter.ds_shape = parameter.shape  # type: ignore[attr-defined]
        if not whole:
            parameter.data = torch.empty(0)
    exempt = [p for name, p in model.named_parameters() if (name == "bias" if by_name else p.ndim < 2)]
    rest = [p for p in model.parameters() if all(p is not each for each in exempt)]
    groups = [{"params": exempt, "weight_decay": 0.0}, {"params": rest, "weight_decay": decay}]
    return model, torch.optim.AdamW(groups, lr=0.1)


CASES = {
    "ZeRO-3, by ndim": BuiltCase(
        lambda: _partitioned(by_name=False),
        ("ZeRO-3 partitions: 1 tensor with matrices in it has fewer than 2 dimensions here, and no weight decay",),
        "sort parameters by name, before sharding",
        ("weight",),
    ),
    "ZeRO-3, by name": BuiltCase(lambda: _partitioned(by_name=True)),
    "ZeRO-3, gathered": BuiltCase(lambda: _partitioned(by_name=False, whole=True)),
    "ZeRO-3, no weight decay": BuiltCase(lambda: _partitioned(by_name=False, decay=0.0)),
}
test_pg030 = check_cases("PG030", CASES)
