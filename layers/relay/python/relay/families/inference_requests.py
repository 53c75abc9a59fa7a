"""Reading a request for a model call: which model, and how many tokens it can use at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from relay.families.bodies import read_document
from relay.families.inference import Shape
from relay.nouns.catalog import Catalog
from relay.nouns.errors import InvalidParameter, MissingField
from relay.nouns.inference import Inference, Tokens
from relay.nouns.wire import Inbound, Json

BYTES_PER_TOKEN = 3  # of text, in UTF-8: fewer than tokenizers need for most text, so that enough is reserved
TOKENS_PER_FILE = 2_000  # of a picture at least, whose bytes are no text
BYTES_PER_FILE_TOKEN = 100  # of a longer file
# What is a file's bytes or a file's address, by the field that the shapes keep them in. A long text anywhere else is
# text, whatever it looks like: or whoever leaves out the spaces, or begins with an address, would pay for a file.
_FILES = frozenset(("data", "file_data"))
_LINKS = frozenset(("url", "image_url", "file_url", "fileUri", "file_uri", "uri"))
_ADDRESSES = ("data:", "https://", "http://", "gs://")
MOST_OUTPUT = 10_000_000  # tokens a request may bound its output to
MOST_ANSWERS = 128
SHOWS_COST = "x-show-cost"  # the header of a client that wants to be told what its call cost


def read_inference(
    shape: Shape, inbound: Inbound, catalog: Catalog, dialect: str, document: Mapping[str, Json] | None = None
) -> Inference:
    """A request of a shape, in a family's words where `document` gives them. Raises BadInput."""
    document = read_document(inbound) if document is None else document
    said = document.get("model")
    for name in ("model", *shape.needs):
        if document.get(name) in (None, "", [], {}):
            raise MissingField(name)
        if (name,) not in shape.bounds and not isinstance(document[name], str | list | dict):
            raise InvalidParameter(name, "must not be a number or a boolean", "不能是数字或布尔值")
    if not isinstance(said, str):
        raise InvalidParameter("model", "must be a string", "必须是字符串")
    if not isinstance(document.get("stream"), bool | None):
        raise InvalidParameter("stream", "must be true or false", "必须是布尔值")
    model = catalog.offer(dialect, shape.name, shape.kind).model(said)
    return Inference(
        dialect=dialect,
        shape=shape.name,
        model=model.name,
        said=said,
        document=document,
        estimate=Tokens(estimate_input(document), _most_output(shape, document, model.output)),
        streamed=document.get("stream") is True,
        shows_cost=inbound.headers.get(SHOWS_COST, "").strip().lower() in ("1", "true", "yes"),
    )


def _most_output(shape: Shape, document: Mapping[str, Json], output: int) -> int:
    """The most tokens the answers have together: as the request says, where it says it twice the larger of them, for
    upstreams differ in which they heed; or else as the model makes."""
    bounds = [read_whole(document, path) for path in shape.bounds if _at(document, path) is not None]
    return max(bounds, default=output) * shape.answers(document)


def _at(document: Json, path: tuple[str, ...]) -> Json | None:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def read_answers(document: Mapping[str, Json], *path: str) -> int:
    """How many answers a field asks for; one where it is not there. Raises InvalidParameter."""
    return read_whole(document, path, MOST_ANSWERS) if _at(document, path) is not None else 1


def read_whole(document: Mapping[str, Json], path: tuple[str, ...], most: int = MOST_OUTPUT) -> int:
    field, value = ".".join(path), _at(document, path)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise InvalidParameter(field, f"must be a whole number from 1 to {most}", f"必须是 1 到 {most} 的整数")
    return value


def estimate_input(document: Json) -> int:
    """The tokens of a request at most: of its text by length, and of files inside it or at its addresses."""
    words, files = 0, 0
    for name, text in _named_texts("", document):
        if (name in _FILES and _unbroken(text)) or (name in _LINKS and text.startswith(_ADDRESSES)):
            files += max(TOKENS_PER_FILE, len(text) // BYTES_PER_FILE_TOKEN)
        else:
            words += len(text.encode(errors="replace"))
    return -(-words // BYTES_PER_TOKEN) + files


def _unbroken(text: str) -> bool:
    """Whether it may be base64: a document's plain text stands in the same field."""
    return text.isascii() and " " not in text[:1000]


def _named_texts(name: str, value: Json) -> Iterator[tuple[str, str]]:
    """Every text of a document, a field's own name too, with the name of the field it stands in."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for inner, each in value.items():
            yield "", inner
            yield from _named_texts(inner, each)
    elif isinstance(value, list):
        for each in value:
            yield from _named_texts(name, each)
    else:
        yield "", "0000"  # a number: a token, or a little more


def texts_of(document: Json) -> Iterator[str]:
    """Every text of a document."""
    return (text for _, text in _named_texts("", document))
