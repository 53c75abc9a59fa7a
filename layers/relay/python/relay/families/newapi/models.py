"""The models there are, as the clients of three makers read a list: their headers tell which of them asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from relay.families.dialect import AnyRoute, Route, Told, WriteError
from relay.families.newapi.inference.errors import write_claude_error, write_google_error
from relay.families.newapi.inference.shapes import CONTENT_ACTS, MODEL_HOMES
from relay.families.newapi.words import write_openai_error
from relay.families.uses import MODELS
from relay.nouns.catalog import Catalog, Listed
from relay.nouns.wire import Inbound, Json, Reply

# Clients require a time and an owner of each model; the catalog knows neither.
CREATED, OWNER = 1_767_225_600, "genrelay"
_CREATED_AT = datetime.fromtimestamp(CREATED, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
GOOGLES, EVERYBODYS = MODEL_HOMES


def read_models(inbound: Inbound, catalog: Catalog) -> str | None:
    return inbound.params.get("model")


def _openais(each: Listed) -> Json:
    return {"id": each.name, "object": "model", "created": CREATED, "owned_by": OWNER}


def _openais_list(data: list[Json]) -> Json:
    return {"object": "list", "data": data}


def _anthropics(each: Listed) -> Json:
    return {"type": "model", "id": each.name, "display_name": each.name, "created_at": _CREATED_AT}


def _anthropics_list(data: list[Json]) -> Json:
    ends = [data[place]["id"] if data else None for place in (0, -1)]
    return {"data": data, "has_more": False, "first_id": ends[0], "last_id": ends[1]}


def _googles(each: Listed) -> Json:
    speaks = any(source.api == "generate-content" for source in each.model.sources)
    return {
        "name": f"models/{each.name}",
        "displayName": each.name,
        "supportedGenerationMethods": [act.removeprefix(":") for act in CONTENT_ACTS] if speaks else [],
        **({"outputTokenLimit": each.model.output} if each.model.output else {}),
    }


def _googles_list(data: list[Json]) -> Json:
    return {"models": data}


class Lists(NamedTuple):
    """How one maker's clients read a model, and a list of them."""

    one: Callable[[Listed], Json]
    many: Callable[[list[Json]], Json]
    error: WriteError

    def write_models(self, told: Told[Sequence[Listed]]) -> Reply:
        return Reply.json(self.many([self.one(each) for each in told.found]))

    def write_model(self, told: Told[Sequence[Listed]]) -> Reply:
        return Reply.json(self.one(told.found[0]))

    def routes(self, home: str, when: Callable[[Inbound], bool] | None = None) -> Iterator[AnyRoute]:
        for path, write in ((home, self.write_models), (f"{home}/{{model}}", self.write_model)):
            yield Route("GET", path, MODELS, read_models, write, error=self.error, when=when)


OPENAI = Lists(_openais, _openais_list, write_openai_error)
ANTHROPIC = Lists(_anthropics, _anthropics_list, write_claude_error)
GOOGLE = Lists(_googles, _googles_list, write_google_error)


def _of_anthropics(inbound: Inbound) -> bool:
    """Their header alone tells: newer ones send the key as a bearer."""
    return "anthropic-version" in inbound.headers


def _of_googles(inbound: Inbound) -> bool:
    return "x-goog-api-key" in inbound.headers or "key" in inbound.query


ROUTES: tuple[AnyRoute, ...] = (
    *ANTHROPIC.routes(EVERYBODYS, _of_anthropics),
    *GOOGLE.routes(EVERYBODYS, _of_googles),
    *OPENAI.routes(EVERYBODYS),
    *GOOGLE.routes(GOOGLES),
)
