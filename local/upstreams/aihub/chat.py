"""AI Hub's chat: the chat of others in an envelope with its cost, streamed in events that hold nothing but text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from local.upstreams.inference import chat
from local.upstreams.inference.model import pieces, say
from local.upstreams.inference.shape import DONE, Event, Request, Shape
from relay.families.reading import as_object
from relay.nouns.wire import Json

HOME = "/api/v1/chat"
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "rate_limit_error",
}
CODES = {
    400: "invalid_parameter",
    401: "invalid_api_key",
    403: "model_not_allowed",
    404: "not_found",
    429: "rate_limit_exceeded",
}
HINTS = {401: "check the key", 403: "check the subscription", 429: "wait, or take a larger plan"}


class Sold(NamedTuple):
    name: str
    tier: str
    price: Decimal  # USD for 1000 tokens, read and made alike


MODELS: Mapping[str, Sold] = {
    "gpt-4o-mini": Sold("GPT-4o Mini", "basic", Decimal("0.00015")),
    "llama-3.1-70b": Sold("Llama 3.1 70B", "basic", Decimal("0.001")),
    "gpt-4o": Sold("GPT-4o", "premium", Decimal("0.015")),
    "claude-3.5-sonnet": Sold("Claude 3.5 Sonnet", "premium", Decimal("0.003")),
    "gemini-1.5-pro": Sold("Gemini 1.5 Pro", "premium", Decimal("0.0025")),
    "grok-4-fast:free": Sold("Grok 4 Fast", "free", Decimal(0)),
    "deepseek-chat-v3.1:free": Sold("DeepSeek Chat V3.1", "free", Decimal(0)),
}


def enveloped(data: Json) -> Json:
    return {"success": True, "data": data}


def models(*, paid: bool) -> Json:
    return enveloped(
        [
            {
                "id": model,
                "name": sold.name,
                "description": f"{sold.name}, simulated",
                "tier": sold.tier,
                "price_per_1k_tokens": float(sold.price),
                "available": paid or sold.tier != "premium",
            }
            for model, sold in MODELS.items()
        ]
    )


def _known(request: Request) -> Request:
    """Without what this API does not know, such as tools."""
    kept = ("model", "messages", "max_tokens")
    return replace(request, body={name: request.body[name] for name in kept if name in request.body})


def answer(request: Request) -> Json:
    told = chat.answer(_known(request))
    used = {name: told["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    return enveloped(told | {"id": _id(told), "usage": used, "cost": cost(request.model, used["total_tokens"])})


def events(request: Request) -> Iterator[Event]:
    """What was used is told only to those who ask for it."""
    whole, (said, *_) = answer(request)["data"], say(chat.ask(_known(request)))
    for piece in pieces(said.text):
        yield Event({"id": whole["id"], "choices": [{"delta": {"content": piece}}]})
    if as_object(request.body.get("stream_options")).get("include_usage") is True:
        yield Event({"id": whole["id"], "choices": [], "usage": whole["usage"], "cost": whole["cost"]})
    yield DONE


def cost(model: str, tokens: int) -> float:
    return float(tokens * MODELS[model].price / 1000)


def error(status: int, message: str, code: str = "") -> Json:
    told = {"type": TYPES.get(status, "server_error"), "message": message}
    told["code"] = code or CODES.get(status, "internal_error")
    hint = {"hint": HINTS[status]} if status in HINTS else {}
    return {"success": False, "error": told | {"details": hint}}


def _id(told: Json) -> str:
    return f"chat_{told['id'].removeprefix('chatcmpl-')}"


SHAPE = Shape("completions", f"{HOME}/completions", ("messages",), chat.prompt, answer, error, events=events)
STREAM = replace(SHAPE, name="stream", path=f"{HOME}/stream", streams=lambda inbound, body: True)
