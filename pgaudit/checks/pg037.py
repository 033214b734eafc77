"""A checkpoint's optimizer state does not belong to the optimizer that it is loaded into.

What: `pgaudit resume` compares the groups of a checkpoint with those of a config or of code: their number, their sizes,
the order, names and shapes of the tensors in them, and whether the optimizer's class can go on with what is kept.
`load_state_dict` itself compares the number and the sizes alone.

Why it hurts: where it raises, the run does not start. Where it does not, the momentum of one tensor goes to another
one, silently: the loss jumps, or the model becomes worse without any error.

Example: the layers of a model were declared in another order, or the decayed group now comes second: all sizes agree,
and every state lands on another tensor.

How to fix it: build the optimizer as the checkpoint has it, in the same order of groups and tensors; or build it from
`named_parameters()` and map the states by name; or leave the optimizer's state out, and begin with a new one.
"""

from __future__ import annotations

from pgaudit.checks.base import Kind

KIND = Kind("PG037", "resume-mismatch", "error")
