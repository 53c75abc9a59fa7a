"""What a simulated Midjourney says of its pictures: how far they are, their buttons, and their seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256

from local.upstreams.jobs import Job
from relay.families.newapi.midjourney.words import BANNED, PLATFORM, read_button
from relay.families.newapi.midjourney.write import write_refusal
from relay.families.reading import as_object
from relay.nouns.draft import Kind
from relay.nouns.errors import RelayError
from relay.nouns.wire import Json, Reply

__all__ = ["PLATFORM", "banned", "facts", "preview", "seed"]

_GRIDS = ("imagine", "blend", "variation", "high_variation", "low_variation", "reroll", "zoom", "pan", "custom_zoom")


def facts(job: Job) -> Mapping[str, Json]:
    draft = job.request
    if draft.kind is not Kind.IMAGE:
        return {}
    listed = _grid(job.task_id) if (draft.action or "imagine") in _GRIDS else _single(job.task_id)
    return {"buttons": [_button(*each) for each in listed], "prompt_en": draft.prompt}


def preview(job: Job, percent: int) -> Mapping[str, Json]:
    """What is known of a picture while it is drawn; another one each quarter of the way."""
    if job.request.kind is not Kind.IMAGE:
        return {}
    return {"preview": f"{job.urls[0]}?drawn={percent // 25 * 25}", "prompt_en": f"{job.request.prompt} --v 6"}


def seed(job: Job) -> str:
    return str(int(_hash(job.task_id)[:8], 16))


def banned(refusal: RelayError, trace_id: str) -> Reply:
    """The refusal of a prompt for a word in it."""
    said = as_object(write_refusal(refusal, trace_id).body)
    return Reply.json(said | {"code": BANNED, "properties": {"bannedWord": "refuse", "promptEn": "a refuse"}})


def _hash(task_id: str) -> str:
    return sha256(task_id.encode()).hexdigest()[:32]


def _grid(task_id: str) -> list[tuple[str, str, str]]:
    made = _hash(task_id)
    return [
        *((f"MJ::JOB::upsample::{number}::{made}", f"U{number}", "") for number in range(1, 5)),
        (f"MJ::JOB::reroll::0::{made}::SOLO", "", "🔄"),
        *((f"MJ::JOB::variation::{number}::{made}", f"V{number}", "") for number in range(1, 5)),
    ]


def _single(task_id: str) -> list[tuple[str, str, str]]:
    return list(_single_buttons(_hash(task_id)))


def _single_buttons(made: str) -> Iterator[tuple[str, str, str]]:
    yield f"MJ::JOB::upsample_v6_2x_subtle::1::{made}::SOLO", "Upscale (Subtle)", ""
    yield f"MJ::JOB::low_variation::1::{made}::SOLO", "Vary (Subtle)", "🪄"
    yield f"MJ::JOB::high_variation::1::{made}::SOLO", "Vary (Strong)", "🪄"
    yield f"MJ::Inpaint::1::{made}::SOLO", "Vary (Region)", "🖌️"
    yield f"MJ::Outpaint::50::1::{made}::SOLO", "Zoom Out 2x", "🔍"
    yield f"MJ::CustomZoom::{made}", "Custom Zoom", "🔍"
    for way, arrow in (("left", "⬅️"), ("right", "➡️"), ("up", "⬆️"), ("down", "⬇️")):
        yield f"MJ::JOB::pan_{way}::1::{made}::SOLO", "", arrow
    yield f"MJ::JOB::animate_high::1::{made}::SOLO", "Animate (High motion)", ""


def _button(custom_id: str, label: str, emoji: str) -> dict[str, Json]:
    known = read_button(custom_id)
    return {
        "ref": custom_id,
        "name": known[1] if known else "",
        "label": label,
        "emoji": emoji,
        "type": 2,
        "style": 2,
    }
