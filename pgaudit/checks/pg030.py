"""A rule on dimensions or shapes that saw those of shards.

What: the optimizer was built after the model was sharded, and holds what FSDP1 or ZeRO-3 left of its parameters: flat
tensors, parts of one dimension, or none at all. Two things are found. First, matrices that have lost their dimensions,
where none of them is decayed although the optimizer knows a weight decay: a rule such as ``p.ndim < 2`` took them for
vectors. Second, flat parameters with matrices and vectors in one, where all have the same lr and weight decay, so that
norms and biases are decayed as well. FSDP2 keeps name and shape, and is none of this.

Why it hurts: the same code gives other groups on eight GPUs than on one: no weight decay at all, or decay for all; and
size-based rules give other groups on each rank.

Example: in open_clip (PR 358), ``p.ndim < 2`` held for all that FSDP had made flat; in verl (issue 5070, PR 7215) flat
parameters of weights, biases and norms were decayed as one.

How to fix it: sort the parameters by name, or before sharding, with ``use_orig_params=True`` (FSDP1); or use FSDP2
(``fully_shard``), which leaves the dimensions alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pgaudit.checks import words
from pgaudit.checks.as_built import BuiltAudit, Member
from pgaudit.checks.base import Kind
from pgaudit.core.findings import Finding
from pgaudit.core.parameters import Parameter
from pgaudit.text import counted

KIND = Kind("PG030", "rule-on-shards", "error")

_OF_MATRICES = frozenset(
    {
        "torch.nn.modules.linear.Linear",
        "torch.nn.modules.linear.Bilinear",
        "torch.nn.modules.conv._ConvNd",
        "torch.nn.modules.sparse.Embedding",
        "torch.nn.modules.sparse.EmbeddingBag",
        "torch.nn.modules.rnn.RNNBase",
        "torch.nn.modules.activation.MultiheadAttention",
    }
)
"""torch's classes whose weights have two dimensions or more, whatever is left of them."""


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for matrices that lost their dimensions and decay, and one for what became flat together."""
    cut = [member for member in audit.members if is_cut(member)]
    lost = [member for member in cut if _holds_matrix(member, audit.parameters.get(member.row.name))]
    if lost and _decays(audit) and not any(member.row.weight_decay for member in lost):
        rows = [member.row for member in lost]
        have = "has" if len(rows) == 1 else "have"
        message = (
            f"{_kinds(lost)}: {counted(len(rows), 'tensor')} with matrices in {'it' if len(rows) == 1 else 'them'} "
            f"{have} fewer than 2 dimensions here, and no weight decay{words.which_rows(rows)}"
        )
        yield audit.finding(KIND, message, _HINT, key="ndim", rows=rows)
        return
    flat = [member for member in cut if len(member.tensor.whole_shapes) > 1]
    mixed = [member for member in flat if any(len(shape) < 2 for shape in member.tensor.whole_shapes)]
    values = {(member.row.lr, member.row.weight_decay) for member in flat}
    if len(values) == 1 and any(member in lost for member in mixed) and mixed[0].row.weight_decay:
        rows = [member.row for member in flat]
        vectors = sum(len(shape) < 2 for member in flat for shape in member.tensor.whole_shapes)
        message = (
            f"{_kinds(flat)}: {counted(len(rows), 'tensor')} at one lr and weight decay "
            f"{'holds' if len(rows) == 1 else 'hold'} {counted(vectors, 'vector')} beside matrices, such as norms and "
            f"biases, which nothing can tell apart{words.which_rows(rows)}"
        )
        yield audit.finding(KIND, message, _HINT, key="flat", rows=rows)


_HINT = "sort parameters by name, before sharding; FSDP2 keeps their dimensions"


def is_cut(member: Member) -> bool:
    """Returns whether a tensor's dimensions are those of a shard; FSDP leaves them where it does not shard."""
    shape = member.tensor.shape
    return shape is not None and len(shape) < 2 and (member.tensor.shard is not None or shape == (0,))


def _holds_matrix(member: Member, parameter: Parameter | None) -> bool:
    """Whether the parameter that a shard is of, or one of them, has two dimensions or more."""
    if shapes := member.tensor.whole_shapes:
        return any(len(shape) >= 2 for shape in shapes)
    if parameter is None or _OF_MATRICES.isdisjoint(parameter.module.bases):
        return False
    own = member.row.name.rpartition(".")[2]
    return own.startswith("weight") or own.endswith("_weight")


def _decays(audit: BuiltAudit) -> bool:
    """Whether an optimizer was given a weight decay, be it for a group without parameters."""
    given = [
        optimizer.defaults.get("weight_decay")
        for optimizer in audit.optimizers
        if optimizer.defaults.get("weight_decay") != optimizer.own_defaults.get("weight_decay")
    ]
    held = [group.values.get("weight_decay") for optimizer in audit.optimizers for group in optimizer.groups]
    return any((*given, *held))


def _kinds(members: Sequence[Member]) -> str:
    """Returns what kind of shards some tensors are."""
    return words.listed(dict.fromkeys(f"{member.tensor.shard or 'empty tensor'}s" for member in members))
