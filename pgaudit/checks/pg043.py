"""Names that nothing proves.

What: an optimizer, or the file of one, numbers its tensors and does not name them, and no model was named; or one was
named, and is another one: the names are not its own, the shapes of the optimizer's state are not those of its
parameters, or parameters of one shape train with different values. Tensors then stay ``group 0 [3]``, or have the names
that the optimizer itself gives them.

Why it hurts: torch compares the sizes of groups alone when it loads a state, and never names or shapes. Whoever reads
the numbers as the model's order may take the state of one parameter for that of another.

Example: ``optimizer.pt`` of transformers' Trainer holds two groups of numbers; the blocks of a Vision Transformer have
equal shapes, and under layer decay each trains with another lr.

How to fix it: name the model (``--model MODEL``), or the code that builds it and its optimizer (``--model
train.py:make``): the names are then those that its groups have at the same places. Of a run to come: build the
optimizer from ``model.named_parameters()``, so that torch 2.6 or later keeps the names in its state.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgaudit.checks.as_built import BuiltAudit
from pgaudit.checks.base import Kind
from pgaudit.core.findings import Finding
from pgaudit.text import counted, visible

KIND = Kind("PG043", "unproven-names", "warning")


def check_built(audit: BuiltAudit, /) -> Iterator[Finding]:
    """Yields a finding for each optimizer whose tensors no name or no proof ties to a model's parameters."""
    for at, optimizer in enumerate(audit.optimizers):
        which = f"{audit.optimizer_name(at)}: " if len(audit.optimizers) > 1 else ""
        if optimizer.unproven:
            found = f"nothing proves which tensor is which parameter of {visible(audit.model)}: {optimizer.unproven}"
            hint = "name the code that builds model and optimizer (--model train.py:make), or the right model"
        elif audit.model is None and optimizer.names_from is None and (count := sum(1 for _ in optimizer.tensors)):
            found = f"nothing says the {'name' if count == 1 else 'names'} of {counted(count, 'tensor')}"
            hint = "--model MODEL names them, where the model proves it"
        else:
            continue
        yield audit.finding(KIND, f"{which}{found}", hint, key="names")
