"""What may stand where in pgaudit's own files: a config, a file of expectations, a project file.

Values are checked, never changed: arithmetic uses them as written. pgaudit's own keys are closed: a typo there is an
error. The library's sections are open, as the library itself is: unknown options stay, and the checks report them. What
stands in ``paramwise_cfg`` is each constructor's own: see :class:`pgaudit.constructors.Constructor`.
"""

from __future__ import annotations

from pgaudit.core.findings import THRESHOLDS
from pgaudit.files.schemas import (
    ANYTHING,
    COUNT,
    FLAG,
    FROM_ONE,
    NON_NEGATIVE,
    TEXT,
    WORD,
    array,
    each,
    fields,
    mapping,
    one_of,
    optional,
)

_FAIL_ON = one_of(THRESHOLDS)

OPTIMIZER = mapping({"type": TEXT, **fields("lr weight_decay", optional(NON_NEGATIVE))}, needs=["type"])
"""``type`` and base values; every other key is an argument of the optimizer's class."""

SCHEDULER = mapping({"type": TEXT, "schedulers": array(each()), "milestones": array(COUNT)}, needs=["type"])
"""A schedule: ``type``, and the arguments of its class, among them schedulers. What has no ``type`` is none."""

TURNS = mapping({"milestones": array(COUNT)}, closed=True, needs=["milestones"])
"""The entry of a list of schedulers that says when each begins."""

FINDINGS = mapping({"ignore": each()}, closed=True)
"""What is to become of findings; entries of ``ignore`` are read one by one."""

IGNORED = mapping(
    {"reason": WORD, **fields("key param", array(TEXT)), "count": optional(FROM_ONE)}, closed=True, needs=["reason"]
)
"""One entry of ``ignore``, written out in full."""

EXPECTED_RULE = mapping({"params": optional(array(WORD)), "count": optional(COUNT)}, closed=True)
"""What one rule may hit."""

EXPECTED_PARAM = mapping(
    {
        **fields("lr weight_decay scheduled_lr", optional(NON_NEGATIVE)),
        **fields("rule lr_rule weight_decay_rule", optional(WORD)),
        "at": ANYTHING,
    },
    closed=True,
)
"""What some parameters must get; entries of ``at`` are read one by one."""

EXPECTED_AT = mapping({"lr": NON_NEGATIVE}, closed=True, needs=["lr"])
"""What some parameters must get after so many steps."""

EXPECT = mapping(
    {
        "rules": optional(each()),
        "exhaustive": FLAG,
        "params": optional(each()),
        "groups": optional(mapping({"max": FROM_ONE}, closed=True, needs=["max"])),
        "findings": optional(mapping({"fail_on": _FAIL_ON}, closed=True, needs=["fail_on"])),
    },
    closed=True,
)
"""The gate's contract; entries of ``rules`` and ``params`` are read one by one."""

PROJECT_AUDIT = mapping(
    {
        **fields("config built name model constructor lock expect baseline", optional(WORD)),
        "model_args": optional(each()),
        "fail_on": {"enum": [*THRESHOLDS, None]},
    },
    closed=True,
)
"""One audit of a project file, of a ``config`` or of what is ``built``; paths are beside the file."""

PROJECT = mapping({"audits": array(ANYTHING), "fail_on": {"enum": [*THRESHOLDS, None]}}, closed=True, needs=["audits"])
"""``pgaudit.yaml``, or ``[tool.pgaudit]``; audits are read one by one."""

FILE = mapping(
    {
        "model": optional(TEXT),
        "model_args": optional(each()),
        "constructor": TEXT,
        **fields("optimizer paramwise_cfg optim_wrapper solver", optional(each())),
        "SOLVER": ANYTHING,
        "world_size": optional(FROM_ONE),
        **fields("expect findings", optional(each())),
        **fields("default_scope scheduler", ANYTHING),
    },
    closed=True,
)
"""The top of a config, without what a training config holds beside."""
