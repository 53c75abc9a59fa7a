"""What an upstream said, as an operator may read it in the log: short, without addresses, keys or the request."""

from __future__ import annotations

import re

from relay.flow.services import Services
from relay.nouns.draft import Draft
from relay.nouns.task import Task

MAX_CHARACTERS = 200  # characters
WINDOW = 8  # bytes in a row that the words and the request share, from which on they are taken for a repetition

_URL = re.compile(r"\b(https?://)(?:[^\s/@]*@)?([^\s/?#\"'<>]+)[^\s\"'<>]*", re.IGNORECASE)
_OPAQUE = re.compile(r"\b(?:sk-|whsec_)\S+|[A-Za-z0-9_+=.-]{32,}")  # keys, tokens, signatures


def quote(words: str, *private: str) -> str:
    """`words` without whatever they repeat of `private`, without paths and queries of addresses, without tokens."""
    plain = _OPAQUE.sub("***", _URL.sub(r"\1\2/...", " ".join(words[:2000].split())))
    data = plain.encode(errors="ignore")
    hidden = bytearray(len(data))
    for text in private:
        _hide(data.lower(), " ".join(text.split()).encode(errors="ignore").lower(), hidden)
    kept = bytes(0 if covered else byte for byte, covered in zip(data, hidden, strict=True))
    return re.sub(rb"\0+", b"[...]", kept).decode(errors="ignore")[:MAX_CHARACTERS]


def quote_for_request(draft: Draft, words: str) -> str:
    """What an upstream said about a request, without the request."""
    return quote(words, draft.prompt, draft.lyrics or "", draft.style or "")


def quote_for_task(services: Services, task: Task, words: str) -> str:
    """The same where only the task is at hand: its request is read, and where that is gone nothing is quoted."""
    draft = services.store.tasks.request(task.account_id, task.task_id) if words else None
    return quote_for_request(draft, words) if draft else ""


def _hide(data: bytes, private: bytes, hidden: bytearray) -> None:
    """Mark the bytes of `data` that stand in `private` with the bytes around them."""
    size = min(WINDOW, len(private))
    windows = {private[at : at + size] for at in range(len(private) - size + 1)} if size else set()
    for at in range(len(data) - size + 1):
        if data[at : at + size] in windows:
            hidden[at : at + size] = b"\1" * size
