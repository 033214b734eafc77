"""A checkpoint and what training would begin with → whether it loads, whether every state lands on its own tensor, and
which values it replaces.

The semantics are those of ``Optimizer.load_state_dict`` (torch 2.15, torch/optim/optimizer.py): it compares the number
of groups and their sizes, and neither names nor shapes; each group of the checkpoint takes the place of the one that
was built.
"""

from pgaudit.resume.answer import GroupValue, Mismatch, Override, ResumedGroup, Resumption, Verdict
from pgaudit.resume.compare import resumption

__all__ = ["GroupValue", "Mismatch", "Override", "ResumedGroup", "Resumption", "Verdict", "resumption"]
