"""Gemini's generateContent: a document, or several of the same form of which each has a piece and what was used so far.

They come as server-sent events, or as one JSON array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from local.upstreams.inference.model import Asked, Said, Tool, digest, pieces, say, text_of, tokens_of
from local.upstreams.inference.shape import Body, Event, Request, Shape
from relay.families.reading import as_object, as_objects
from relay.nouns.wire import Json, compact

HOMES = ("/v1beta/models/{model}", "/v1/models/{model}")  # Google's clients ask one or the other
WORDS = 6  # in a piece
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


def prompt(body: Body) -> str:
    contents = as_objects(body.get("contents"))
    return text_of(contents[-1].get("parts")) if contents else ""


def ask(request: Request) -> Asked:
    body = request.body
    wanted = as_object(body.get("generationConfig"))
    calling = as_object(as_object(body.get("toolConfig")).get("functionCallingConfig"))
    allowed = calling.get("allowedFunctionNames") or [str(calling.get("mode", "auto")).lower()]
    tools = [each for tool in as_objects(body.get("tools")) for each in as_objects(tool.get("functionDeclarations"))]
    schema = wanted.get("responseJsonSchema") or wanted.get("responseSchema") or {}
    return Asked(
        request.model,
        prompt(body),
        tokens_of(body.get("systemInstruction"), body.get("contents"), tools),
        [Tool(str(each.get("name")), each.get("parametersJsonSchema") or each.get("parameters", {})) for each in tools],
        allowed[0],
        any("functionResponse" in part for part in as_objects(as_objects(body["contents"])[-1].get("parts"))),
        schema if wanted.get("responseMimeType") == "application/json" else None,
        wanted.get("maxOutputTokens"),
        wanted.get("candidateCount") or 1,
    )


def answer(request: Request) -> Json:
    asked = ask(request)
    said = say(asked)
    candidates = [_candidate(index, _parts(each), _reason(each)) for index, each in enumerate(said)]
    return _document(request, candidates, usage(asked, said))


def events(request: Request) -> Iterator[Event]:
    asked = ask(request)
    whole, told = say(asked), list[Said]()
    for index, said in enumerate(whole):
        texts = pieces(said.text, WORDS) or [""]
        for number, piece in enumerate(texts):
            ends = number == len(texts) - 1
            so_far = said if ends else replace(said, text="".join(texts[: number + 1]))
            parts = _parts(said) if said.call else [{"text": piece}]
            candidate = _candidate(index, parts, _reason(said) if ends else None)
            yield Event(_document(request, [candidate], usage(asked, [*told, so_far])))
        told.append(said)


def usage(asked: Asked, said: Sequence[Said]) -> Json:
    thinking, made = sum(each.thinking for each in said), sum(each.tokens for each in said)
    return {
        "promptTokenCount": asked.read,
        "candidatesTokenCount": made,
        **({"thoughtsTokenCount": thinking} if thinking else {}),
        **({"cachedContentTokenCount": asked.cached} if asked.cached else {}),
        "totalTokenCount": asked.read + made + thinking,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": asked.read}],
    }


def _document(request: Request, candidates: list[Json], used: Json) -> Json:
    name = digest(compact(request.body.get("contents")), request.now)[:22]
    return {"candidates": candidates, "usageMetadata": used, "modelVersion": request.model, "responseId": name}


def _candidate(index: int, parts: list[Json], reason: str | None) -> Json:
    ended = {"finishReason": reason} if reason else {}
    return {"content": {"parts": parts, "role": "model"}, **ended, "index": index}


def _parts(said: Said) -> list[Json]:
    return [
        {"functionCall": {"name": said.call.name, "args": said.call.arguments}} if said.call else {"text": said.text}
    ]


def _reason(said: Said) -> str:
    return "MAX_TOKENS" if said.cut else "STOP"


def error(status: int, message: str) -> Json:
    return {"error": {"code": status, "message": message, "status": STATUSES.get(status, "INTERNAL")}}


def _shapes(home: str) -> tuple[Shape, Shape]:
    path = f"{home}:generateContent"
    whole = Shape("generate-content", path, ("contents",), prompt, answer, error, refuses=True)
    return whole, replace(
        whole,
        path=f"{home}:streamGenerateContent",
        events=events,
        streams=lambda inbound, body: True,
        in_array=lambda inbound: inbound.query.get("alt") != "sse",
    )


SHAPES = tuple(shape for home in HOMES for shape in _shapes(home))
