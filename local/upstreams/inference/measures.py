"""What models say of a text without writing one: OpenAI's embeddings and moderations, and the rerank of others."""

from __future__ import annotations

import base64
import re
import struct
from random import Random

from local.upstreams.inference.model import digest, text_of, tokens_of
from local.upstreams.inference.openai_errors import error
from local.upstreams.inference.shape import Body, Request, Shape
from relay.nouns.wire import Json, compact

DIMENSIONS = 1536
CATEGORIES = ("harassment", "hate", "illicit", "self-harm", "sexual", "violence")
VIOLENT = re.compile(r"\b(kill|murder|attack)", re.IGNORECASE)


def _inputs(body: Body) -> list[Json]:
    """Each text, or list of tokens, that is asked about."""
    asked = body.get("input")
    one = not isinstance(asked, list) or all(isinstance(each, int) for each in asked)
    return [asked] if one or not isinstance(asked, list) else asked


def prompt(body: Body) -> str:
    return text_of(body.get("input"))


def _read(value: Json) -> int:
    return len(value) if isinstance(value, list) else tokens_of(value)


def embeddings(request: Request) -> Json:
    body = request.body
    size, packed = body.get("dimensions") or DIMENSIONS, body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _vector(request.model, each, size, packed)}
        for index, each in enumerate(_inputs(body))
    ]
    read = sum(map(_read, _inputs(body)))
    usage = {"prompt_tokens": read, "total_tokens": read}
    return {"object": "list", "data": data, "model": request.model, "usage": usage}


def _vector(model: str, value: Json, size: int, packed: bool) -> Json:
    """Of length one, about; of 32-bit numbers, so that both encodings tell the same."""
    chance, form = Random(digest(model, compact(value))), f"<{size}f"
    floats = struct.pack(form, *(chance.gauss(0, size**-0.5) for _ in range(size)))
    return base64.b64encode(floats).decode() if packed else list(struct.unpack(form, floats))


def moderations(request: Request) -> Json:
    results = []
    for each in _inputs(request.body):
        text = text_of(each)
        found = {name: name == "violence" and VIOLENT.search(text) is not None for name in CATEGORIES}
        scores = {name: 0.97 if flagged else 0.0001 for name, flagged in found.items()}
        results.append({"flagged": any(found.values()), "categories": found, "category_scores": scores})
    name = digest(compact(request.body["input"]), request.now)[:24]
    return {"id": f"modr-{name}", "model": request.model, "results": results}


def rerank(request: Request) -> Json:
    body = request.body
    texts = [text_of(each) for each in body["documents"]]
    wanted = set(str(body["query"]).lower().split())
    scores = [len(wanted & set(text.lower().split())) / max(1, len(wanted)) for text in texts]
    best = sorted(range(len(texts)), key=lambda index: -scores[index])[: body.get("top_n") or len(texts)]
    told = body.get("return_documents", True)
    results = [
        {"index": index, "relevance_score": scores[index]} | ({"document": {"text": texts[index]}} if told else {})
        for index in best
    ]
    read = tokens_of(body["query"]) * len(texts) + tokens_of(texts)
    usage = {"prompt_tokens": read, "completion_tokens": 0, "total_tokens": read}
    return {"model": request.model, "results": results, "usage": usage}


def query(body: Body) -> str:
    return text_of(body.get("query"))


SHAPES = (
    Shape("embeddings", "/v1/embeddings", ("input",), prompt, embeddings, error),
    Shape("moderations", "/v1/moderations", ("input",), prompt, moderations, error),
    Shape("rerank", "/v1/rerank", ("query", "documents"), query, rerank, error),
)
