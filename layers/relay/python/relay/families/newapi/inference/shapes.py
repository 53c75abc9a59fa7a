"""The shapes an aggregator serves: a row for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from relay.families.chat import CHAT, chat_ends, read_chat_usage
from relay.families.inference import Shape
from relay.families.inference_requests import read_answers
from relay.families.newapi.inference import usage
from relay.nouns.wire import Json

MODEL_HOMES = ("/v1beta/models", "/v1/models")  # Google's clients ask at one or the other
CONTENT_ACTS = (":generateContent", ":streamGenerateContent")
# Where clients POST, and what an upstream is asked at; the model is named in the path of a content alone.
PATHS: Mapping[str, str] = {
    "chat": "/v1/chat/completions",
    "completions": "/v1/completions",
    "responses": "/v1/responses",
    "messages": "/v1/messages",
    "embeddings": "/v1/embeddings",
    "rerank": "/v1/rerank",
    "moderations": "/v1/moderations",
}


def _completions(document: Mapping[str, Json]) -> int:
    """Each of several prompts has its own; of the best of some all are made and paid for."""
    prompts = document.get("prompt")
    several = isinstance(prompts, list) and not all(isinstance(each, int) for each in prompts)
    wanted = max(read_answers(document, "n"), read_answers(document, "best_of"))
    return wanted * (len(prompts) if several and isinstance(prompts, list) else 1)


def _candidates(document: Mapping[str, Json]) -> int:
    asked = ("generationConfig", "candidateCount"), ("generation_config", "candidate_count")
    return max(read_answers(document, *path) for path in asked)


_MEASURE = Shape("", (), read_chat_usage)
SHAPES: Mapping[str, Shape] = {
    shape.name: shape
    for shape in (
        CHAT,
        Shape(
            "completions",
            ("prompt",),
            read_chat_usage,
            bounds=(("max_tokens",),),
            answers=_completions,
            ends=chat_ends,
        ),
        Shape(
            "responses",
            ("input",),
            usage.read_response_usage,
            bounds=(("max_output_tokens",),),
            ends=usage.response_ends,
            adds=usage.response_adds,
            event_usage_path=("response", "usage"),
        ),
        Shape(
            "messages",
            ("messages", "max_tokens"),
            usage.read_message_usage,
            bounds=(("max_tokens",),),
            ends=usage.message_ends,
            lacks_usage=usage.message_lacks_usage,
        ),
        Shape(
            "generate-content",
            ("contents",),
            usage.read_content_usage,
            bounds=(("generationConfig", "maxOutputTokens"), ("generation_config", "max_output_tokens")),
            answers=_candidates,
            ends=usage.content_ends,
            usage_path=("usageMetadata",),
        ),
        replace(_MEASURE, name="embeddings", needs=("input",)),
        replace(_MEASURE, name="rerank", needs=("query", "documents")),
        replace(_MEASURE, name="moderations", needs=("input",)),
    )
}
