"""Reading what upstreams say, for all families: whatever comes, these find something usable in it or nothing."""

from __future__ import annotations

import json
import math
import re
from typing import TypeGuard

from relay.nouns.wire import Json

Record = dict[str, Json]

MAX_ID, MAX_URL, MAX_ASSETS = 512, 8192, 32  # characters; results: more than any API makes, a row has to hold them
MAX_WORDS, MAX_CODE = 300, 60  # characters of an upstream's text, and of its code, that go further

# control characters, line ends and half surrogates, with the spaces around them
_CONTROLS = re.compile(
    r" *[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff][ \x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]*"
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


def as_id(value: object) -> str | None:
    """An upstream's task id, opaque to us; None for what cannot be one."""
    return value if isinstance(value, str) and 0 < len(value) <= MAX_ID and value.isprintable() else None


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
