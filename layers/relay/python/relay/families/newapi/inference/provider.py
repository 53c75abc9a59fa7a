"""Model calls as we make them: each shape at its path, with the upstream's name for the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from relay.families.inference import InferenceApi
from relay.families.inference_answers import read_answer, write_to
from relay.families.newapi.answers import CODES, read_error
from relay.families.newapi.inference.shapes import CONTENT_ACTS, MODEL_HOMES, PATHS, SHAPES
from relay.families.reading import MAX_CODE, as_object, as_objects, as_text, read_wait
from relay.families.refusals import BAD_VALUE, OTHER, REFUSED_BY_POLICY, STATUSES, refused, speaks_of_policy
from relay.nouns.errors import Refused
from relay.nouns.inference import Inference
from relay.nouns.wire import Answer, Call, Json


def _write(asked: Inference, model: str) -> Call:
    return write_to(PATHS[asked.shape], asked, {**asked.document, "model": model})


def _write_with_usage(asked: Inference, model: str) -> Call:
    """The request; a stream tells what was used, whether its client asked for that or not."""
    document: dict[str, Json] = {**asked.document, "model": model}
    if asked.streamed:
        document["stream_options"] = {**as_object(document.get("stream_options")), "include_usage": True}
    return write_to(PATHS[asked.shape], asked, document)


def _write_content(asked: Inference, model: str) -> Call:
    """A stream is always one of events, however its client reads it."""
    whole, streams = CONTENT_ACTS
    path = f"{MODEL_HOMES[0]}/{quote(model, safe='')}{f'{streams}?alt=sse' if asked.streamed else whole}"
    return write_to(path, asked, asked.document)


def refuse(answer: Answer) -> Refused:
    """What an answer that is no success means: the upstream's own codes count before its HTTP status."""
    document = as_object(answer.body)
    error, (code, words) = as_object(document.get("error")), read_error(document)
    # Google tells more than the status only in the details
    codes = [code, *(as_text(each.get("reason"), MAX_CODE) for each in as_objects(error.get("details")))]
    row = next((CODES[each] for each in codes if each in CODES), None) or STATUSES.get(answer.status, OTHER)
    if row is BAD_VALUE and speaks_of_policy(words):
        row = REFUSED_BY_POLICY
    return refused(row, code or str(answer.status), words, read_wait(answer))


_WRITES: Mapping[str, Callable[[Inference, str], Call]] = {
    "chat": _write_with_usage,
    "completions": _write_with_usage,
    "generate-content": _write_content,
}
INFERENCE: Mapping[str, InferenceApi] = {
    name: InferenceApi(shape, _WRITES.get(name, _write), refuse, read_answer) for name, shape in SHAPES.items()
}
