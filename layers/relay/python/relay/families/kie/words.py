"""What all of the family's APIs share on both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from relay.nouns.task import State

FAMILY = "kie"
LANGUAGE: Literal["en"] = "en"
# The states of the APIs whose records have a `successFlag` (KIE docs, Get Image Details, Get Veo3.1 Video Details).
FLAGS: Mapping[str, State] = {
    "0": State.PROCESSING,
    "1": State.SUCCEEDED,
    "2": State.FAILED,
    "3": State.FAILED,
}
