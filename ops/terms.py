"""What operators' commands share: the secrets of every deployment, a new account, and the error they are told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Random secrets that every deployment needs and nobody has to know; and what replacing one breaks.
OWN_SECRETS: Mapping[str, str] = {
    "key-pepper": "every API key stops working at once, and none can be brought back",
    "callback-secret": "callbacks of the tasks that are under way will be refused",
    "webhook-master": "every account's webhook secret changes, and clients refuse our callbacks until they have it",
    "session-key": "developers' access tokens stop working, and clients must refresh them; not so with session-rotate",
    "media-secret": "every link to a file that was given out stops working",
}
READY_FILE = Path(".local/ready.json")  # where a running one-machine stack says how to reach it


class OperatorError(Exception):
    """What the operator asked for cannot be done; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Shown once: the key is stored as a digest only, the webhook secret is derived."""

    account_id: str
    api_key: str
    webhook_secret: str
    key_id: str = ""
