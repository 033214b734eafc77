"""Random optimizers of torch.optim on random groups, saved by torch.save: what is read is what torch.load gives."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from pgaudit.checkpoints import read_checkpoint
from tests.checkpoints.made import same_as_real

CLASSES: dict[str, list[dict[str, Any]]] = {
    "Adadelta": [{}, {"rho": 0.8}],
    "Adafactor": [{}, {"beta2_decay": -0.7}],
    "Adagrad": [{}, {"lr_decay": 0.1}],
    "Adam": [{}, {"amsgrad": True}, {"betas": (0.8, 0.9)}, {"lr": torch.tensor(0.25), "foreach": False}],
    "AdamW": [{}, {"amsgrad": True}, {"lr": torch.tensor(0.5, dtype=torch.float64), "foreach": False}],
    "Adamax": [{}],
    "ASGD": [{}, {"t0": 1}],
    "LBFGS": [{"max_iter": 2}],
    "Muon": [{}],
    "NAdam": [{}],
    "RAdam": [{}],
    "RMSprop": [{}, {"momentum": 0.5, "centered": True}],
    "Rprop": [{}],
    "SGD": [{}, {"momentum": 0.9}],
}
UNSHAPED = {"Adafactor", "LBFGS"}
"""Their states do not have the parameters' shapes."""


@st.composite
def optimizers(draw: st.DrawFn) -> tuple[str, torch.optim.Optimizer, dict[str, torch.Size]]:
    kind = draw(st.sampled_from(sorted(CLASSES)))
    options = draw(st.sampled_from(CLASSES[kind]))
    sizes = draw(st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=3), min_size=1, max_size=6))
    dtypes = st.sampled_from([torch.float32, torch.float64, torch.bfloat16])
    params = {
        f"block.{index}.weight": nn.Parameter(torch.ones(size, dtype=draw(dtypes))) for index, size in enumerate(sizes)
    }
    if kind == "Muon":
        params = {name: nn.Parameter(torch.ones(2, 3)) for name in params}
    named = draw(st.booleans())
    cuts = sorted(draw(st.sets(st.integers(1, len(params) - 1)))) if len(params) > 1 and kind != "LBFGS" else []
    items = list(params.items())
    groups = [
        {
            "params": part if named else [param for _, param in part],
            **draw(st.dictionaries(st.sampled_from(["lr", "weight_decay"] if kind != "LBFGS" else ["lr"]), RATES)),
            **draw(st.dictionaries(st.sampled_from(["lr_scale", "name"]), st.sampled_from([0.75, "stem", None]))),
        }
        for part in (items[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True))
    ]
    optimizer = getattr(torch.optim, kind)(groups, **options)
    for _ in range(draw(st.integers(0, 3))):
        for param in params.values():
            param.grad = torch.ones_like(param) if draw(st.booleans()) else None
        optimizer.step((lambda: torch.tensor(1.0)) if kind == "LBFGS" else None)
    return kind, optimizer, {name: param.shape for name, param in params.items()}


RATES = st.floats(1e-8, 1, allow_nan=False)


@given(made=optimizers(), zipped=st.booleans(), protocol=st.sampled_from([2, 3, 4, 5]))
def test_random_optimizers_are_read_as_torch_reads_them(
    made: tuple[str, torch.optim.Optimizer, dict[str, torch.Size]], zipped: bool, protocol: int
) -> None:
    kind, optimizer, sizes = made
    buffer = io.BytesIO()
    torch.save(
        {"optimizer": optimizer.state_dict(), "epoch": 3},
        buffer,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=zipped,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.pt"
        path.write_bytes(buffer.getvalue())
        (read,) = read_checkpoint(str(path)).optimizers
    buffer.seek(0)
    # torch's own reader without code knows protocol 2 alone.
    real = torch.load(buffer, weights_only=protocol == 2)["optimizer"]
    same_as_real(read, real)
    assert read.key == "optimizer"
    assert read.names_from == ("param_names" if "param_names" in real["param_groups"][0] else None)
    for tensor, size in zip(read.tensors, sizes.values(), strict=True):
        if tensor.shape is not None:
            assert tensor.shape == tuple(size)
        elif kind not in UNSHAPED:
            assert not tensor.has_state or kind in ("SGD", "RMSprop", "Adafactor")
        if tensor.shape is not None:
            assert tensor.dtype is not None
