"""pgaudit reads published configs of OpenMMLab, and follows their schedules: a path a line, an answer a line."""

from __future__ import annotations

import json
import os
import sys
import warnings
from typing import Any

from pgaudit.config import load_config
from pgaudit.core.errors import PgauditError
from pgaudit.core.schedule import ScheduleRequest
from pgaudit.schedules.follow import StandIns, followed

GROUPS = ({"lr": 0.1}, {"lr": 0.01})


def answer(path: str) -> dict[str, Any]:
    """What the schedule of a config is, or why there is none."""
    try:
        config = load_config(path)
    except PgauditError as error:
        return {"unread": str(error)}
    if config.schedule is None:
        return {"schedule": None}
    stand_ins = StandIns((0, 1), GROUPS, {"momentum": 0.9, "weight_decay": 0.0})
    try:
        found = followed(config.schedule, stand_ins, ScheduleRequest(epoch_steps=100, at=(0, 10)))
    except PgauditError as error:
        return {"schedule": config.schedule.library, "error": str(error)}
    return {"schedule": config.schedule.library, "title": found.title, "lrs": found.lrs[0], "unit": found.unit}


if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line)["path"])), file=answers, flush=True)
