"""The Suno API as clients speak it to us: its routes."""

from __future__ import annotations

from relay.families.dialect import AnyRoute, Route
from relay.families.newapi.suno import read, write
from relay.families.newapi.suno.words import FETCH_PATH, SUBMIT_PATH
from relay.families.newapi.tasks import write_task_error
from relay.families.uses import CREATE_RECORD, MANY_FACTS, RECORD_FACTS

_SUBMIT, _ONE = f"{SUBMIT_PATH}/{{action}}", f"{FETCH_PATH}/{{task_id}}"

ROUTES: tuple[AnyRoute, ...] = (
    Route(
        *("POST", _SUBMIT, CREATE_RECORD, read.read_submit, write.write_created),
        error=write_task_error,
        ended=write.write_task,
    ),
    Route("GET", _ONE, RECORD_FACTS, read.read_query, write.write_task, error=write_task_error),
    Route("POST", FETCH_PATH, MANY_FACTS, read.read_many, write.write_tasks, error=write_task_error),
)
