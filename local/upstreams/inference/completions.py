"""OpenAI's completions of a text, which other makers' models are still asked for."""

from __future__ import annotations

from collections.abc import Iterator

from local.upstreams.inference.chat import finish, usage
from local.upstreams.inference.model import Asked, Said, digest, pieces, say, tokens_of
from local.upstreams.inference.openai_errors import error
from local.upstreams.inference.shape import DONE, Body, Event, Request, Shape
from relay.families.reading import as_object
from relay.nouns.wire import Json, compact


def prompt(body: Body) -> str:
    """The first, where there are several."""
    asked = body.get("prompt")
    first = asked[0] if isinstance(asked, list) and asked else asked
    return first if isinstance(first, str) else ""


def ask(request: Request) -> Asked:
    body = request.body
    limit, number = body.get("max_tokens", 16), body.get("n") or 1
    return Asked(request.model, prompt(body), tokens_of(body.get("prompt")), limit=limit, count=number)


def answer(request: Request) -> Json:
    asked = ask(request)
    said = say(asked)
    choices = [_choice(index, each.text, finish(each)) for index, each in enumerate(said)]
    return _head(request) | {"choices": choices, "usage": usage(asked, _unthought(said))}


def events(request: Request) -> Iterator[Event]:
    asked, head = ask(request), _head(request)
    said = say(asked)
    for index, each in enumerate(said):
        for piece in pieces(each.text):
            yield Event(head | {"choices": [_choice(index, piece, None)]})
        yield Event(head | {"choices": [_choice(index, "", finish(each))]})
    if as_object(request.body.get("stream_options")).get("include_usage") is True:
        yield Event(head | {"choices": [], "usage": usage(asked, _unthought(said))})
    yield DONE


def _unthought(said: list[Said]) -> list[Said]:
    return [Said(each.text) for each in said]


def _choice(index: int, text: str, reason: str | None) -> Json:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": reason}


def _head(request: Request) -> dict[str, Json]:
    name = f"cmpl-{digest(compact(request.body.get('prompt')), request.now)[:24]}"
    return {"id": name, "object": "text_completion", "created": request.now, "model": request.model}


SHAPE = Shape("completions", "/v1/completions", ("prompt",), prompt, answer, error, events=events)
