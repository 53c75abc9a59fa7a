"""What both sides of the family call things: its models and styles, status words, paths and errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from relay.nouns.draft import Kind
from relay.nouns.task import State

FAMILY, PLATFORM = "sora2api", "sora2"
LANGUAGE: Literal["en"] = "en"

DRAW, REDRAW = "/v1/images/generate", "/v1/images/transform"
FILM, ANIMATE, REMIX, STORYBOARD = (f"/v1/videos/{what}" for what in ("generate", "transform", "remix", "storyboard"))
CHARACTER, CHARACTER_FILM = "/v1/characters/create", "/v1/characters/generate"
TASKS, CHAT = "/v1/tasks", "/v1/chat/completions"

LANDSCAPE, PORTRAIT = "16:9", "9:16"
_ORIENTATIONS: Mapping[str, str] = {"landscape": LANDSCAPE, "portrait": PORTRAIT}


class Named(NamedTuple):
    """What a model's name on the wire says: which of our models, its shape (pixels, of a film the ratio) and seconds.

    `pro`: its upstream needs a ChatGPT Pro account for it.
    """

    model: str
    kind: Kind
    shape: str
    seconds: int = 0
    pro: bool = False


class Tier(NamedTuple):
    """Films that cost alike: how the wire begins their names, and which lengths there are."""

    begins: str
    seconds: tuple[int, ...]
    pro: bool


# By our name. 25 seconds need a Pro account in the standard tier as well, which makes them a model of their own.
TIERS: Mapping[str, Tier] = {
    "sora2": Tier("sora2", (10, 15), pro=False),
    "sora2-25s": Tier("sora2", (25,), pro=True),
    "sora2pro": Tier("sora2pro", (10, 15, 25), pro=True),
    "sora2pro-hd": Tier("sora2pro-hd", (10, 15), pro=True),
}


def _films() -> Iterator[tuple[str, Named]]:
    for model, tier in TIERS.items():
        for word, ratio in _ORIENTATIONS.items():
            for seconds in tier.seconds:
                yield f"{tier.begins}-{word}-{seconds}s", Named(model, Kind.VIDEO, ratio, seconds, tier.pro)


# The 19 names that clients know.
MODELS: Mapping[str, Named] = {
    "gpt-image": Named("gpt-image", Kind.IMAGE, "360x360"),
    "gpt-image-landscape": Named("gpt-image", Kind.IMAGE, "540x360"),
    "gpt-image-portrait": Named("gpt-image", Kind.IMAGE, "360x540"),
    **dict(_films()),
}
NAMES: Mapping[tuple[str, str, int], str] = {
    (each.model, each.shape, each.seconds): name for name, each in MODELS.items()
}
CREATE_CHARACTER = "avatar-create"  # the model of the chat route that makes neither
DEFAULTS: Mapping[Kind, str] = {Kind.IMAGE: "gpt-image", Kind.VIDEO: "sora2-landscape-10s"}

STYLES = (
    *("festive", "kakalaka", "news", "selfie", "handheld"),
    *("golden", "anime", "retro", "nostalgic", "comic"),
)

# What a character's card says; it also holds the address of a picture, which is not kept here.
CARD = ("username", "display_name", "character_id", "cameo_id", "instruction_set", "source_model", "created_at")

STATES: Mapping[str, State] = {
    "processing": State.PROCESSING,
    "completed": State.SUCCEEDED,
    "failed": State.FAILED,
}
WORDS: Mapping[State, str] = {
    **dict.fromkeys((State.PENDING, State.QUEUED, State.PROCESSING), "processing"),
    State.SUCCEEDED: "completed",
    **dict.fromkeys((State.FAILED, State.CANCELLED, State.TIMEOUT), "failed"),
}
TIMEOUTS = ("Generation timeout", "Upstream API timeout")  # what the text of a failure begins with that is one
NO_TOKENS = "No available tokens"  # of an upstream whose accounts are all disabled, used up or resting

REQUEST, SERVER = "invalid_request_error", "server_error"


class Row(NamedTuple):
    status: int
    type: str
    message: str = ""  # where the family has a sentence of its own


# An error as the family says it, by our code.
ERRORS: Mapping[str, Row] = {
    "MISSING_REQUIRED_FIELD": Row(400, REQUEST),
    "INVALID_PARAMETER": Row(400, REQUEST),
    "API_NOT_IMPLEMENTED": Row(503, SERVER, f"{NO_TOKENS} for this model"),
    "UNAUTHORIZED": Row(401, "authentication_error"),
    "INVALID_TOKEN": Row(401, "authentication_error", "Invalid API key"),
    "INSUFFICIENT_BALANCE": Row(402, "insufficient_quota"),
    "FORBIDDEN": Row(403, "permission_error"),
    "ACCOUNT_FROZEN": Row(403, "permission_error"),
    "TASK_NOT_FOUND": Row(404, REQUEST),
    "NOT_FOUND": Row(404, REQUEST),
    "RATE_LIMIT_EXCEEDED": Row(429, "rate_limit_error"),
    "TOO_MANY_REQUESTS": Row(429, "rate_limit_error"),
}
OTHER = Row(500, SERVER)
