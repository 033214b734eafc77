"""A resumed run goes on with the checkpoint's values in place of those that were asked for.

What: `pgaudit resume` finds a group of which the checkpoint holds another lr, weight decay, momentum or any other value
than the config or the code. Where the group has `initial_lr`, that is what is compared, so that a schedule under way is
no difference.

Why it hurts: `load_state_dict` replaces whole groups. Whoever lowers the lr in the config and resumes trains with the
old one, and nothing says so.

Example: `--lr 0.01 --resume last.pth`, where `last.pth` was written with `lr: 0.1`: the run goes on with 0.1.

How to fix it: write the new values into `optimizer.param_groups` after `load_state_dict`, and the new lr into the
scheduler's `base_lrs`; or write into the config what the run really goes on with.
"""

from __future__ import annotations

from pgaudit.checks.base import Kind

KIND = Kind("PG038", "resume-overrides", "warning")
