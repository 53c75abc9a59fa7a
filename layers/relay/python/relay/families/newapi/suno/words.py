"""What both sides of the Suno API call things."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.newapi.jobs import STATES as JOBS
from relay.nouns.draft import Kind
from relay.nouns.task import State

PLATFORM = "suno"
SUBMIT_PATH, FETCH_PATH = "/suno/submit", "/suno/fetch"
ACTIONS: Mapping[str, Kind] = {"music": Kind.MUSIC, "lyrics": Kind.TEXT}
# Beside the words that new-api's tasks share: what sites answer whose envelope's code is 1.
STATES: Mapping[str, State] = {**JOBS, "complete": State.SUCCEEDED}

# Our options as the wire calls them.
OPTIONS: Mapping[str, str] = {
    "lyrics": "prompt",
    "style": "tags",
    "title": "title",
    "negative_prompt": "negative_tags",
    "instrumental": "make_instrumental",
    "continue_at": "continue_at",
}
