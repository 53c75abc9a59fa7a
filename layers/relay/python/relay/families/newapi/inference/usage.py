"""How each shape says what was used, and where a stream of it ends."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.inference_answers import count
from relay.families.reading import as_object, as_objects
from relay.nouns.inference import Tokens
from relay.nouns.wire import Json

Document = Mapping[str, Json]

RESPONSE_ENDS = ("response.completed", "response.incomplete", "response.failed")


def read_message_usage(document: Document) -> Tokens | None:
    """The prompt is counted where a message begins, the output where it changes: there for all until then."""
    usage = as_object(document.get("message")).get("usage") or document.get("usage")
    if not isinstance(usage, dict):
        return None
    return Tokens(
        count(usage, "input_tokens"),
        count(usage, "output_tokens"),
        count(usage, "cache_read_input_tokens"),
        count(usage, "cache_creation_input_tokens"),
    )


def message_ends(document: Document) -> bool:
    """The last event but one has the final count."""
    stopped = as_object(document.get("delta")).get("stop_reason") and document.get("type") == "message_delta"
    return bool(stopped) or document.get("type") == "message_stop"


def message_lacks_usage(document: Document) -> bool:
    """Anthropic's clients read what was used where a message begins and where it changes, without looking for it."""
    kind = document.get("type")
    holder = as_object(document.get("message")) if kind == "message_start" else document
    return kind in ("message_start", "message_delta") and not isinstance(holder.get("usage"), dict)


def read_content_usage(document: Document) -> Tokens | None:
    """What a model thinks is output."""
    usage = document.get("usageMetadata")
    if not isinstance(usage, dict):
        return None
    prompt = count(usage, "promptTokenCount") + count(usage, "toolUsePromptTokenCount")
    cached = min(prompt, count(usage, "cachedContentTokenCount"))
    output = count(usage, "candidatesTokenCount") + count(usage, "thoughtsTokenCount")
    return Tokens(prompt - cached, output, cached)


def content_ends(document: Document) -> bool:
    """Also where the prompt was refused, which nothing follows."""
    blocked = as_object(document.get("promptFeedback")).get("blockReason")
    return bool(blocked) or any(each.get("finishReason") for each in as_objects(document.get("candidates")))


def read_response_usage(document: Document) -> Tokens | None:
    """Of an event the usage lies in the response it holds."""
    usage = as_object(document.get("response")).get("usage") or document.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt = count(usage, "input_tokens")
    cached = min(prompt, count(as_object(usage.get("input_tokens_details")), "cached_tokens"))
    return Tokens(prompt - cached, count(usage, "output_tokens"), cached)


def response_ends(document: Document) -> bool:
    return document.get("type") in RESPONSE_ENDS


def response_adds(document: Document) -> bool:
    """Other events hold what the deltas held, up to four times. A response in one piece has no type."""
    return str(document.get("type", ".delta")).endswith(".delta")
