"""Upstreams' messages made safe for the log: shortened, without URLs, keys or parts of the client's request."""

from __future__ import annotations

import re

from relay.flow.services import Services
from relay.nouns.draft import Draft
from relay.nouns.options import OPTIONS
from relay.nouns.task import Task

MAX_CHARACTERS = 200  # characters
WINDOW = 8  # bytes: a run this long that also stands in the request is cut out

_URL = re.compile(r"\b(https?://)(?:[^\s/@]*@)?([^\s/?#\"'<>]+)[^\s\"'<>]*", re.IGNORECASE)
_OPAQUE = re.compile(r"\b(?:sk-|whsec_)\S+|[A-Za-z0-9_+=.-]{32,}")  # keys, tokens, signatures


def quote(words: str, *private: str) -> str:
    """`words` without runs that also stand in a `private` text, without URL paths and queries, without tokens."""
    plain = _OPAQUE.sub("***", _URL.sub(r"\1\2/...", " ".join(words[:2000].split())))
    data = plain.encode(errors="ignore")
    hidden = bytearray(len(data))
    for text in private:
        _hide(data.lower(), " ".join(text.split()).encode(errors="ignore").lower(), hidden)
    kept = bytes(0 if covered else byte for byte, covered in zip(data, hidden, strict=True))
    return re.sub(rb"\0+", b"[...]", kept).decode(errors="ignore")[:MAX_CHARACTERS]


def quote_for_request(draft: Draft, words: str) -> str:
    """An upstream's message about a request, without the request's own texts."""
    return quote(
        words, draft.prompt, *(str(value) for name, value in draft.options.items() if OPTIONS[name].type == "text")
    )


def quote_for_task(services: Services, task: Task, words: str) -> str:
    """The same for a task, whose request is read from the store; empty where it no longer exists."""
    draft = services.store.tasks.request(task.account_id, task.task_id) if words else None
    return quote_for_request(draft, words) if draft else ""


def _hide(data: bytes, private: bytes, hidden: bytearray) -> None:
    """Set `hidden` to 1 for every byte of a WINDOW-long run of `data` that also occurs in `private`."""
    size = min(WINDOW, len(private))
    windows = {private[at : at + size] for at in range(len(private) - size + 1)} if size else set()
    for at in range(len(data) - size + 1):
        if data[at : at + size] in windows:
            hidden[at : at + size] = b"\1" * size
