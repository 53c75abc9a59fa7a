"""OpenAI's videos API as clients speak it to us: its routes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from relay.families.dialect import AnyRoute, Route
from relay.families.newapi.videos import read, write
from relay.families.newapi.videos.words import CHARACTERS, EDITS, EXTENSIONS, PATH, PLATFORM, VARIANTS
from relay.families.newapi.words import write_openai_error
from relay.families.uses import CREATE_RECORD, HIDE, LIST_FACTS, QUERY, RECORD
from relay.nouns.wire import Inbound

CONTENT = f"{PATH}/{{video_id}}/content"


def _asks_for(variant: str) -> Callable[[Inbound], bool]:
    return lambda inbound: read.variant_of(inbound) == variant


_ROUTES: tuple[AnyRoute, ...] = (
    Route("POST", PATH, CREATE_RECORD, read.read_create, write.write_video),
    Route(
        "POST", f"{PATH}/{{video_id}}/remix", CREATE_RECORD, read.read_remix, write.write_video, ended=write.write_video
    ),
    Route("POST", EDITS, CREATE_RECORD, read.read_edit, write.write_video),
    Route("POST", EXTENSIONS, CREATE_RECORD, read.read_extend, write.write_video),
    Route("POST", CHARACTERS, CREATE_RECORD, read.read_character, write.write_character),
    Route("GET", f"{CHARACTERS}/{{character_id}}", RECORD, read.read_character_query, write.write_character),
    Route("GET", PATH, LIST_FACTS, read.read_list, write.write_list),
    Route("GET", f"{PATH}/{{video_id}}", RECORD, read.read_query, write.write_video),
    *(
        Route("GET", CONTENT, QUERY, read.read_query, write.write_content(variant), when=_asks_for(variant))
        for variant in VARIANTS
    ),
    Route("GET", CONTENT, QUERY, read.read_unknown_variant, write.write_content("video")),
    Route("DELETE", f"{PATH}/{{video_id}}", HIDE, read.read_query, write.write_deleted),
)
ROUTES: tuple[AnyRoute, ...] = tuple(
    replace(route, error=write_openai_error, ended=route.write if route.use is CREATE_RECORD else None)
    for route in _ROUTES
)
CALLBACKS = {PLATFORM: write.write_event}
HOOKED = (PLATFORM,)  # OpenAI tells a project, not a request
