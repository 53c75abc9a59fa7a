"""What both sides of the Midjourney API call things: actions, buttons, states and codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from relay.nouns.draft import Kind
from relay.nouns.task import State

PLATFORM = "mj"
HOME = "/mj"
# The same below another home says how fast the job is made.
MODES: Mapping[str, str] = {f"/mj-{mode}/mj": mode for mode in ("fast", "relax", "turbo")}
SUBMIT, SWAP, TASK, IMAGE = "/submit", "/insight-face/swap", "/task", "/image"

DIMENSIONS: Mapping[str, str] = {"PORTRAIT": "2:3", "SQUARE": "1:1", "LANDSCAPE": "3:2"}
VIDEO_TYPES: Mapping[int, str] = {480: "480p", 720: "720p"}

# Codes of a submission's answer (midjourney-proxy, ReturnCode).
ACCEPTED, NOT_FOUND, INVALID, UNKNOWN, FAILURE = 1, 3, 4, 5, 9
EXISTS, QUEUED, FULL, BANNED, SATURATED = 21, 22, 23, 24, 30

# Protocol facts, master mapping: every status word met.
STATES: Mapping[str, State] = {
    "": State.QUEUED,
    "NOT_START": State.QUEUED,
    "SUBMITTED": State.QUEUED,
    "IN_PROGRESS": State.PROCESSING,
    "MODAL": State.PROCESSING,
    "SUCCESS": State.SUCCEEDED,
    "FAILURE": State.FAILED,
    "CANCEL": State.CANCELLED,
}
WORDS: Mapping[State, str] = {
    State.ASKING: "MODAL",
    State.PENDING: "NOT_START",
    State.SUBMITTING: "SUBMITTED",
    State.QUEUED: "SUBMITTED",
    State.PROCESSING: "IN_PROGRESS",
    State.STORING: "IN_PROGRESS",
    State.SUCCEEDED: "SUCCESS",
    State.FAILED: "FAILURE",
    State.CANCELLED: "FAILURE",
    State.TIMEOUT: "FAILURE",
}


class Act(NamedTuple):
    """An action: the wire's word for it, the model it is sold as (new-api's name of its price), what it makes, and
    whether it is asked for by a button of a task that has ended."""

    word: str
    model: str
    kind: Kind = Kind.IMAGE
    button: bool = False


ACTS: Mapping[str, Act] = {
    "imagine": Act("IMAGINE", "mj_imagine"),
    "blend": Act("BLEND", "mj_blend"),
    "describe": Act("DESCRIBE", "mj_describe", Kind.TEXT),
    "shorten": Act("SHORTEN", "mj_shorten", Kind.TEXT),
    "edits": Act("EDIT", "mj_edits"),
    "retexture": Act("RETEXTURE", "mj_retexture"),
    "swap_face": Act("SWAP_FACE", "swap_face"),
    "video": Act("VIDEO", "mj_video", Kind.VIDEO),
    "extend": Act("VIDEO", "mj_video", Kind.VIDEO),
    "upscale": Act("UPSCALE", "mj_upscale", button=True),
    "upscale_hd": Act("UPSCALE_HD", "mj_upscale", button=True),
    "variation": Act("VARIATION", "mj_variation", button=True),
    "high_variation": Act("HIGH_VARIATION", "mj_high_variation", button=True),
    "low_variation": Act("LOW_VARIATION", "mj_low_variation", button=True),
    "reroll": Act("REROLL", "mj_reroll", button=True),
    "zoom": Act("ZOOM", "mj_zoom", button=True),
    "pan": Act("PAN", "mj_pan", button=True),
    "animate": Act("VIDEO", "mj_video", Kind.VIDEO, button=True),
    "custom_zoom": Act("CUSTOM_ZOOM", "mj_modal", button=True),
    "inpaint": Act("INPAINT", "mj_modal", button=True),
}
# Free until the client says what it wants: the first of its two requests charges nothing, the second one does.
ASKING = ("custom_zoom", "inpaint")
REMIXED = ("variation", "high_variation", "low_variation", "reroll", "pan")  # these ask too, where remix is enabled
# `action` of a change, and the short name of the button it means.
CHANGES: Mapping[str, str] = {"UPSCALE": "U", "VARIATION": "V", "REROLL": "R"}
SHORT_ACTIONS: Mapping[str, str] = {"U": "upscale", "V": "variation", "R": "reroll"}

# Midjourney's ids of buttons; the first that fits counts. A group is the number of the picture in its grid.
_BUTTONS = tuple(
    (re.compile(pattern), action)
    for pattern, action in (
        (r"MJ::JOB::upsample_v[0-9a-z]+_[0-9]x\w*::", "upscale_hd"),
        (r"MJ::JOB::upsample::([1-4])::", "upscale"),
        (r"MJ::JOB::variation::([1-4])(?:::|$)", "variation"),
        (r"MJ::JOB::low_variation::", "low_variation"),
        (r"MJ::JOB::high_variation::", "high_variation"),
        (r"MJ::JOB::pan_\w+::", "pan"),
        (r"MJ::JOB::reroll::", "reroll"),
        (r"MJ::JOB::animate_\w+::", "animate"),
        (r"MJ::Outpaint::", "zoom"),
        (r"MJ::CustomZoom::", "custom_zoom"),
        (r"MJ::Inpaint::", "inpaint"),
    )
)
_SHORT = {action: letter for letter, action in SHORT_ACTIONS.items()}


def read_button(custom_id: str) -> tuple[str, str] | None:
    """The action of a button, and its short name (`U2`, `R`) where it has one; None where we do not know it."""
    for pattern, action in _BUTTONS:
        if found := pattern.match(custom_id):
            return action, _SHORT.get(action, "") + (found[1] if found.groups() else "")
    return None
