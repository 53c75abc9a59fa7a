"""Midjourney as clients speak it to us: its routes, each below every home."""

from __future__ import annotations

from dataclasses import replace

from relay.families.dialect import ANSWER, CREATE, RECORD_FACTS, AnyRoute, Route
from relay.families.newapi.midjourney import read, write
from relay.families.newapi.midjourney.words import HOME, MODES, PLATFORM, SUBMIT, TASK

_SUBMISSIONS: tuple[AnyRoute, ...] = (
    Route("POST", f"{SUBMIT}/imagine", CREATE, read.read_imagine, write.write_submitted),
    Route("POST", f"{SUBMIT}/action", CREATE, read.read_action, write.write_submitted),
    Route("POST", f"{SUBMIT}/modal", ANSWER, read.read_modal, write.write_submitted),
)
_QUESTIONS: tuple[AnyRoute, ...] = (
    Route("GET", f"{TASK}/{{task_id}}/fetch", RECORD_FACTS, read.read_fetch, write.write_task),
)
_ROUTES = (
    *(replace(route, error=write.write_refusal) for route in _SUBMISSIONS),
    *(replace(route, error=write.write_error) for route in _QUESTIONS),
)
ROUTES: tuple[AnyRoute, ...] = tuple(
    replace(route, path=home + route.path) for home in (HOME, *MODES) for route in _ROUTES
)
CALLBACKS = {PLATFORM: write.write_callback}
