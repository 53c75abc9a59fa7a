"""Requests of each shape: what stands elsewhere than in the body, and what must not pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from relay.families.bodies import read_document
from relay.families.inference import Shape
from relay.families.inference_requests import estimate_input, read_inference
from relay.families.newapi.inference.shapes import SHAPES
from relay.families.newapi.words import FAMILY
from relay.families.reading import as_object
from relay.nouns.catalog import Catalog
from relay.nouns.errors import InvalidParameter
from relay.nouns.inference import Inference
from relay.nouns.wire import Inbound

Read = Callable[[Inbound, Catalog], Inference]

CLAUDE_VERSION = "2023-06-01"  # where a client does not say it
CLAUDE_HEADERS = ("anthropic-version", "anthropic-beta")
# Of a response: work that goes on unmetered, and what is kept under our key at an upstream, where each client would
# reach what others left.
ELSEWHERE = ("background", "previous_response_id", "conversation")


def reader(name: str) -> Read:
    """The reader of a shape's requests."""
    return _READERS.get(name) or partial(_read_measure, SHAPES[name])


def _read_texts(shape: Shape, inbound: Inbound, catalog: Catalog) -> Inference:
    asked = read_inference(shape, inbound, catalog, FAMILY)
    wants = as_object(asked.document.get("stream_options")).get("include_usage") is True
    return replace(asked, shows_usage=wants or not asked.streamed)


def _read_response(inbound: Inbound, catalog: Catalog) -> Inference:
    asked = read_inference(SHAPES["responses"], inbound, catalog, FAMILY)
    for name in ELSEWHERE:
        if asked.document.get(name):
            raise InvalidParameter(name, "is not served here; send the whole input", "不支持，请发送完整输入")
    return asked


def _read_message(inbound: Inbound, catalog: Catalog) -> Inference:
    asked = read_inference(SHAPES["messages"], inbound, catalog, FAMILY)
    said = {name: inbound.headers[name] for name in CLAUDE_HEADERS if name in inbound.headers}
    return replace(asked, headers={"anthropic-version": CLAUDE_VERSION, **said})


def read_content(inbound: Inbound, catalog: Catalog, *, streamed: bool) -> Inference:
    """The model stands in the path, and whether the answer is a stream."""
    document = read_document(inbound)
    told = {**document, "model": inbound.params["model"], "stream": streamed}
    return replace(read_inference(SHAPES["generate-content"], inbound, catalog, FAMILY, told), document=document)


def _read_measure(shape: Shape, inbound: Inbound, catalog: Catalog) -> Inference:
    """These are answered in one piece only."""
    return replace(read_inference(shape, inbound, catalog, FAMILY), streamed=False)


def _read_moderation(inbound: Inbound, catalog: Catalog) -> Inference:
    shape, document = SHAPES["moderations"], read_document(inbound)
    default = catalog.offer(FAMILY, shape.name, shape.kind).default
    told = {**document, "model": document.get("model") or default}
    return replace(read_inference(shape, inbound, catalog, FAMILY, told), streamed=False)


def _read_rerank(inbound: Inbound, catalog: Catalog) -> Inference:
    """The query is read with each of the documents."""
    asked = _read_measure(SHAPES["rerank"], inbound, catalog)
    documents = asked.document["documents"]
    again = estimate_input(asked.document["query"]) * (len(documents) if isinstance(documents, list) else 1)
    return replace(asked, estimate=replace(asked.estimate, input=asked.estimate.input + again))


_READERS: dict[str, Read] = {
    "chat": partial(_read_texts, SHAPES["chat"]),
    "completions": partial(_read_texts, SHAPES["completions"]),
    "responses": _read_response,
    "messages": _read_message,
    "moderations": _read_moderation,
    "rerank": _read_rerank,
}
