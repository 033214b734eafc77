"""The shape of a parameter, as far as what an optimizer keeps of it proves it.

Adam's ``exp_avg`` and SGD's ``momentum_buffer`` have their parameter's shape. What is factored (Adafactor's rows and
columns), projected (GaLore) or quantised (bitsandbytes' ``state1``, ``absmax1``) has another one, and proves nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pgaudit.checkpoints.pickles.records import Tensor, mapping_in

SHAPED = frozenset(
    # torch.optim 2.15
    "exp_avg exp_avg_sq max_exp_avg_sq momentum_buffer square_avg grad_avg acc_delta sum exp_inf prev step_size ax "
    # timm 1.0, apex, and others under the names of their papers
    "exp_avg_diff neg_pre_grad pre_grad previous_grad exp_avg_res slow_buffer slow_momentum_buffer exp_hessian hessian "
    "exp_avg_slow exp_avg_fast exp_avg2 z master_param master_weight".split()
)
"""The names of states that have their parameter's shape."""
_PROJECTED = frozenset({"projector", "proj", "low_rank", "absmax1", "qmap1", "ortho_matrix"})
"""States beside which the others have the shape of a part, or of a packed form."""


def shaped_state(state: object) -> Tensor | None:
    """Returns a tensor of a parameter's shape, of all that an optimizer keeps of it; None where none surely has it.

    Those whose names are known must agree with each other: one that differs takes away what the others prove.
    """
    found = mapping_in(state)
    if not found or not _PROJECTED.isdisjoint(key for key in found if isinstance(key, str)):
        return None
    tensors = [each for key, each in found.items() if key in SHAPED and isinstance(each, Tensor)]
    if not tensors or any(each.shape != tensors[0].shape for each in tensors):
        return None
    return tensors[0]


def agreed_keys(states: Iterable[Mapping[Any, Any]]) -> frozenset[str]:
    """Returns the names of states, unknown to us, that have the parameter's shape: two or more of one shape stand
    together for every parameter, and matrices are among them.

    What is factored or quantised comes in pairs, too: only shapes of two dimensions or more speak, and both halves of a
    factored matrix have one.
    """
    together: frozenset[str] | None = None
    seen_matrix = False
    for state in states:
        tensors = {key: each for key, each in state.items() if isinstance(each, Tensor) and isinstance(key, str)}
        if not (SHAPED | _PROJECTED).isdisjoint(tensors):
            return frozenset()
        shapes = Counter(each.shape for each in tensors.values())
        common = {
            key
            for key, each in tensors.items()
            if each.shape and shapes[each.shape] > 1 and not key.endswith(_FACTORED) and key not in _QUANTISED
        }
        together = frozenset(common) if together is None else together & common
        if not together:
            return frozenset()
        shared = {tensors[key].shape for key in together}
        if len(shared) != 1:
            return frozenset()
        seen_matrix = seen_matrix or len(next(iter(shared))) > 1
    return together if together and len(together) > 1 and seen_matrix else frozenset()


_FACTORED = ("_row", "_col", "row_var", "col_var", "_r", "_c")
_QUANTISED = frozenset("state1 state2 qmap1 qmap2 absmax1 absmax2".split())
