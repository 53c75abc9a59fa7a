"""Stripe's way of sending documents in a form: `line_items[0][price_data][currency]=usd`."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from relay.nouns.wire import Json

_PART = re.compile(r"\[([^\[\]]*)\]")


def read_form(text: str) -> dict[str, Json]:
    """A form, or a query, as a document; whatever stands under numbers alone becomes a list."""
    document: dict[str, Json] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, _, rest = name.partition("[")
        here, keys = document, [first, *_PART.findall(f"[{rest}" if rest else "")]
        for key in keys[:-1]:
            here = here.setdefault(key, {})
        here[keys[-1] or str(len(here))] = value
    read: dict[str, Json] = _listed(document)
    return read


def _listed(value: Json) -> Json:
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(each) for key, each in value.items()}
