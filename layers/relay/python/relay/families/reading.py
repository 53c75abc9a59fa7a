"""Reading what upstreams say, for all families: whatever comes, these find something usable in it or nothing."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import TypeGuard

from relay.nouns.wire import Answer, Json

Record = dict[str, Json]

MAX_ID, MAX_URL, MAX_ASSETS = 512, 8192, 32  # characters; results: more than any API makes, a row has to hold them
WAIT, LONGEST_WAIT = 5, 300  # seconds after a 429: what we wait when it does not say, and the most we believe
MAX_WORDS, MAX_CODE = 300, 60  # characters of an upstream's text, and of its code, that go further
MAX_LINES = 10_000  # characters of a text that was made for a client

# control characters, line ends and half surrogates, with the spaces around them; from the first of many spaces only,
# else each of them would be a beginning, and the time quadratic
_CONTROLS = re.compile(
    r"(?<! ) *[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff][ \x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*"
)
_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{6,}")


def parse(text: bytes | str) -> Json | None:
    """The JSON document, or None where there is none. Brackets nested beyond all reason count as none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def as_object(value: Json | None) -> Record:
    """An object, also where it comes as JSON text; empty for anything else."""
    value = parse(value) if isinstance(value, str | bytes) else value
    return value if isinstance(value, dict) else {}


def as_text(value: object, longest: int = MAX_WORDS) -> str:
    """Text as it may be logged: no control characters, no half surrogates, no keys, not endless; else empty."""
    if not isinstance(value, str):
        return ""
    return _KEY.sub("sk-***", _CONTROLS.sub(" ", value[: 4 * longest]))[:longest].strip()


def as_lines(value: object, longest: int = MAX_LINES) -> str:
    """The same of a text that was made for a client, with its line ends."""
    lines = value[: 4 * longest].splitlines() if isinstance(value, str) else ()
    return "\n".join(as_text(line, longest) for line in lines)[:longest].strip()


def as_objects(value: Json | None) -> list[Record]:
    """The objects of a list, or the one that stands alone; also where either comes as JSON text."""
    value = parse(value) if isinstance(value, str | bytes) else value
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def as_id(value: object) -> str | None:
    """An upstream's task id, opaque to us; None for what cannot be one."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_ID and value.isprintable() else None


def read_wait(answer: Answer) -> float:
    """The seconds after which a 429 wants to be asked again; bounded, and a guess where it does not say."""
    said = answer.headers.get("retry-after", "").strip()
    seconds = int(said[:9]) if said.isascii() and said.isdigit() else WAIT
    return float(min(max(seconds, 1), LONGEST_WAIT))


def is_url(value: object) -> TypeGuard[str]:
    """Whether it may be the address of a result; it is judged again when it is fetched."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return False
    return len(value) <= MAX_URL and value.isprintable() and " " not in value


def as_number(value: object) -> float | None:
    """A finite number, also where it comes as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def as_seconds(value: object) -> float | None:
    """The length of a result; None for what cannot be one."""
    seconds = as_number(value)
    return seconds if seconds and seconds > 0 else None


class StreamError(Exception):
    """A stream of events said that it failed: `words` and `code` are the upstream's."""

    def __init__(self, words: str, code: str = "") -> None:
        self.words, self.code = words, code
        super().__init__("the stream reports an error")


def read_events(chunks: Iterator[bytes]) -> Iterator[Record]:
    """The JSON objects of a stream of server-sent events, wherever the network cut it; other data is passed over.

    It ends with `[DONE]` or with the connection: not every upstream writes the former as it should, and whether the
    outcome was among the objects is for the caller to judge. Raises StreamError for an event with an `error`.
    """
    for data in _read_data(chunks):
        if data.startswith("[DONE]"):
            return
        event = as_object(parse(data))
        if error := event.get("error"):
            about = as_object(error)
            words = as_text(about.get("message", error))
            raise StreamError(words, as_text(about.get("code") or about.get("type"), MAX_CODE))
        if event:
            yield event


def _read_data(chunks: Iterator[bytes]) -> Iterator[str]:
    """What each event says; comments and other fields are passed over. What the end cut off counts as an event."""
    said: list[str] = []
    for line in _read_lines(chunks):
        name, _, value = line.partition(":")
        if name == "data":
            said.append(value.removeprefix(" "))
        if not line and said:
            yield "\n".join(said)
            said = []
    if said:
        yield "\n".join(said)


def _read_lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest: list[bytes] = []
    for chunk in chunks:
        *ended, open_ended = chunk.split(b"\n")
        for line in ended:
            yield b"".join([*rest, line]).removesuffix(b"\r").decode(errors="replace")
            rest = []
        rest.append(open_ended)
    if last := b"".join(rest):
        yield last.decode(errors="replace")
