"""Model calls as clients make them: a route for each shape."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from relay.families.chat import CHAT, ChatWriter
from relay.families.dialect import INFER, AnyRoute, Route, Told
from relay.families.inference import Completed, named, with_cost
from relay.families.inference_requests import read_inference
from relay.families.newapi.inference.shapes import PATHS, SHAPES
from relay.families.newapi.words import FAMILY, write_openai_error
from relay.families.reading import as_object
from relay.nouns.catalog import Catalog
from relay.nouns.inference import Inference
from relay.nouns.wire import Inbound, Reply


def _read_chat(inbound: Inbound, catalog: Catalog) -> Inference:
    asked = read_inference(CHAT, inbound, catalog, FAMILY)
    wants = as_object(asked.document.get("stream_options")).get("include_usage") is True
    return replace(asked, shows_usage=wants or not asked.streamed)


def write_completed(told: Told[Completed]) -> Reply:
    asked, document, bill = told.found.asked, told.found.document, told.found.bill
    shown = named(document, asked.said)
    return Reply.json(with_cost(SHAPES[asked.shape], shown, bill) if asked.shows_cost else shown)


ROUTES: tuple[AnyRoute, ...] = (
    Route(
        "POST",
        PATHS["chat"],
        INFER,
        _read_chat,
        write_completed,
        error=write_openai_error,
        events=partial(ChatWriter, CHAT, write_openai_error),
    ),
)
