"""Midjourney as clients speak it to us: its routes, each below every home."""

from __future__ import annotations

from dataclasses import replace

from relay.families.dialect import AnyRoute, Auth, Route
from relay.families.newapi.midjourney import creations, follow_ups, read, write
from relay.families.newapi.midjourney.words import HOME, IMAGE, MODES, PLATFORM, SUBMIT, SWAP, TASK
from relay.families.uses import ANSWER, CREATE_RECORD, MANY_FACTS, OPEN, RECORD_FACTS, UPLOAD_MANY

_READERS = {
    f"{SUBMIT}/imagine": creations.read_imagine,
    f"{SUBMIT}/blend": creations.read_blend,
    f"{SUBMIT}/describe": creations.read_describe,
    f"{SUBMIT}/shorten": creations.read_shorten,
    f"{SUBMIT}/edits": creations.read_edits,
    f"{SUBMIT}/retexture": creations.read_retexture,
    f"{SUBMIT}/video": creations.read_video,
    SWAP: creations.read_swap,
    f"{SUBMIT}/action": follow_ups.read_action,
    f"{SUBMIT}/change": follow_ups.read_change,
    f"{SUBMIT}/simple-change": follow_ups.read_simple_change,
}
_SUBMISSIONS: tuple[AnyRoute, ...] = (
    *(
        Route("POST", path, CREATE_RECORD, reader, write.write_submitted, ended=write.write_task)
        for path, reader in _READERS.items()
    ),
    Route("POST", f"{SUBMIT}/upload-discord-images", UPLOAD_MANY, creations.read_uploads, write.write_uploads),
    Route("POST", f"{SUBMIT}/modal", ANSWER, follow_ups.read_modal, write.write_submitted, ended=write.write_task),
)
_QUESTIONS: tuple[AnyRoute, ...] = (
    Route("GET", f"{TASK}/{{task_id}}/fetch", RECORD_FACTS, read.read_fetch, write.write_task),
    Route("POST", f"{TASK}/list-by-condition", MANY_FACTS, read.read_many, write.write_tasks),
    Route("GET", f"{TASK}/{{task_id}}/image-seed", RECORD_FACTS, read.read_fetch, write.write_seed),
    Route("GET", f"{IMAGE}/{{image}}", OPEN, read.read_image, write.write_image, auth=Auth.OPEN),
)
_ROUTES = (
    *(replace(route, error=write.write_refusal) for route in _SUBMISSIONS),
    *(replace(route, error=write.write_error) for route in _QUESTIONS),
)
ROUTES: tuple[AnyRoute, ...] = tuple(
    replace(route, path=home + route.path) for home in (HOME, *MODES) for route in _ROUTES
)
CALLBACKS = {PLATFORM: write.write_callback}
