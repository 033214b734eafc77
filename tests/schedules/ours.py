"""pgaudit's answer about a schedule, in a process that has the schedule's library on its path; and how such processes
are asked, beside the real library: a JSON request a line on stdin, a JSON answer a line on stdout.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from pgaudit.core.schedule import Schedule, ScheduleRequest
from pgaudit.schedules.base import ScheduleError
from pgaudit.schedules.follow import StandIns, followed

Answer = dict[str, Any]


def ours(request: Mapping[str, Any]) -> Answer:
    """What pgaudit says of the lrs at each step that is asked, or why it says nothing."""
    schedule = Schedule(
        request["library"],
        request["given"],
        request.get("run"),
        request.get("epoch_steps"),
        tuple(request.get("at_key", ())),
        around=request.get("around", {}),
    )
    groups = tuple({"lr": lr} for lr in request["lrs"])
    stand_ins = StandIns(tuple(range(len(groups))), groups, {"momentum": 0.9}, "SGD")
    try:
        found = followed(schedule, stand_ins, ScheduleRequest(at=tuple(request["at"])))
    except ScheduleError as error:
        (finding,) = error.findings
        return {"error": finding.message, "hint": finding.hint, "kind": type(error).__name__}
    known = [dict(zip(found.steps, found.lrs[index], strict=True)) for index in range(len(groups))]
    return {
        "unit": found.unit,
        "lrs": [[lrs[step] for lrs in known] for step in request["at"]],
        "title": found.title,
        "run": found.run,
        "ends": found.ends,
        "warms_up": found.warms_up,
        "points": list(found.turning_points),
        "notes": list(found.notes),
    }


def serve(real: Callable[[Mapping[str, Any]], Answer] | None = None) -> None:
    """Answers until stdin ends: what pgaudit says, and what the real library does."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        request = _with_tuples(json.loads(line))
        found = {"ours": ours(request), "real": real(request) if real and "steps" in request else None}
        print(json.dumps(found), file=answers, flush=True)


def _with_tuples(value: Any) -> Any:
    """JSON has no tuples, and Python configs do: ``{"tuple": [1, 2]}``."""
    if isinstance(value, list):
        return [_with_tuples(each) for each in value]
    if not isinstance(value, dict):
        return value
    return tuple(value["tuple"]) if set(value) == {"tuple"} else {key: _with_tuples(value[key]) for key in value}


if __name__ == "__main__":
    serve()
