"""OpenAI's chat completions, the shape that several families speak or translate to."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.inference import EventWriter, Shape
from relay.families.inference_answers import count
from relay.families.inference_requests import read_answers
from relay.families.reading import as_object
from relay.nouns.inference import Bill, Tokens
from relay.nouns.wire import Json


def read_chat_usage(document: Mapping[str, Json]) -> Tokens | None:
    usage = document.get("usage")
    if not isinstance(usage, dict):
        return None
    prompt, output = count(usage, "prompt_tokens"), count(usage, "completion_tokens")
    if not prompt and not output:  # of rerankings and the like only a total is told
        return Tokens(count(usage, "total_tokens"))
    cached = min(prompt, count(as_object(usage.get("prompt_tokens_details")), "cached_tokens"))
    return Tokens(prompt - cached, output, cached)


def chat_ends(document: Mapping[str, Json]) -> bool:
    choices = document.get("choices")
    return isinstance(choices, list) and any(as_object(each).get("finish_reason") for each in choices)


CHAT = Shape(
    name="chat",
    needs=("messages",),
    read_usage=read_chat_usage,
    bounds=(("max_completion_tokens",), ("max_tokens",)),
    answers=lambda document: read_answers(document, "n"),
    ends=chat_ends,
)


class ChatWriter(EventWriter):
    """Hides what was used from a client that did not ask for it."""

    ending = b"data: [DONE]\n\n"

    def show(self, document: Mapping[str, Json], bill: Bill | None) -> Mapping[str, Json]:
        if self.asked.shows_usage:
            return super().show(document, bill)
        if not document.get("usage"):  # a null in every chunk harms nobody, and leaving it saves writing them anew
            return document
        return {name: value for name, value in document.items() if name != "usage"} if document.get("choices") else {}
