"""Reading AI Hub's requests: a chat is OpenAI's, whose numbers are checked here and whose other fields pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from relay.families.aihub.words import FAMILY
from relay.families.bodies import Body, read_body, read_document
from relay.families.chat import CHAT
from relay.families.inference_requests import read_inference
from relay.nouns.catalog import Catalog
from relay.nouns.inference import Inference
from relay.nouns.wire import Inbound, Json

Penalty = Annotated[float, Field(ge=-2, le=2)]


class _Chat(Body):
    model: str | None = None
    messages: list[dict[str, Json]] | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Penalty | None = None
    presence_penalty: Penalty | None = None
    stream: bool | None = None


def read_chat(inbound: Inbound, catalog: Catalog) -> Inference:
    return _read(inbound, catalog, {})


def read_stream(inbound: Inbound, catalog: Catalog) -> Inference:
    """A chat at the path that streams whether or not its requests say so."""
    return _read(inbound, catalog, {"stream": True})


def _read(inbound: Inbound, catalog: Catalog, meant: Mapping[str, Json]) -> Inference:
    document = read_document(inbound)
    read_body(_Chat, document)
    return read_inference(CHAT, inbound, catalog, FAMILY, {**document, **meant})
