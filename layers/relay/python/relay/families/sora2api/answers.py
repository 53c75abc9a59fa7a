"""Reading what a server refuses or fails, in whichever of the family's shapes: its own words are certain."""

from __future__ import annotations

import re
from collections.abc import Mapping

from relay.families import refusals
from relay.families.reading import Record, as_object, as_objects, as_text, read_wait
from relay.families.refusals import (
    BAD_VALUE,
    FULL,
    LACKING,
    OTHER,
    OUR_KEY,
    POLICY,
    REFUSED_BY_POLICY,
    STATUSES,
    Row,
    speaks_of_policy,
)
from relay.families.sora2api.words import CARD, NO_TOKENS, TIMEOUTS
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.faults import Fault
from relay.nouns.task import FAULTS, Observation, State
from relay.nouns.wire import Answer, Json

_STATUSES = {**STATUSES, 405: LACKING}
# Codes of events that end a stream; they are certain.
CODES: Mapping[str, Row] = {"cf_shield_429": FULL, "unsupported_country_code": LACKING}
NOT_AUTHENTICATED = "Not authenticated"  # what its framework says of a missing key, with a 403
BUSY = 30.0  # seconds until a server whose accounts are all used up or held back is asked again
_BUSY = re.compile(r"cloudflare|\b429\b|too many requests|rate.?limit", re.IGNORECASE)
_STATUS = re.compile(r"(4[0-9]{2}): ")  # before the message of what the chat route makes a 500 of


def read_words(document: Record) -> str:
    """The text of an error, wherever the server or its framework puts it; empty where there is none."""
    detail, error = document.get("detail"), document.get("error")
    if isinstance(detail, list):
        return next((as_text(each.get("msg")) for each in as_objects(detail)), "")
    return as_text(as_object(error).get("message")) or as_text(error) or as_text(detail)


def refusal(answer: Answer) -> Refused:
    """The certain no in an answer that names no task. Raises UnknownOutcome where there is none."""
    document = as_object(answer.body)
    words = read_words(document)
    ours = "error" in document or answer.status < 500  # what a framework or a proxy makes of a 5xx is not certain
    row = (known_row(words) if ours else None) or (
        _STATUSES.get(answer.status, OTHER) if 400 <= answer.status < 500 else None
    )
    if row is None:
        raise UnknownOutcome("the upstream gave no readable answer")
    wait = read_wait(answer) if "retry-after" in answer.headers else BUSY
    return refused(row, words, str(answer.status), wait)


def known_row(words: str, code: str = "") -> Row | None:
    """What a server's own words say for certain, whatever its status."""
    if words.startswith(NO_TOKENS):
        return FULL
    if "Invalid model" in words:
        return LACKING
    if words == NOT_AUTHENTICATED:
        return OUR_KEY
    said = _STATUS.match(words)
    row = _STATUSES.get(int(said[1]), OTHER) if said else None
    # the server's own accounts may be at fault there, and not our key, which it has taken
    return CODES.get(code) or (OTHER if row is OUR_KEY else row)


def refused(row: Row, words: str, code: str, wait: float = BUSY) -> Refused:
    if row is BAD_VALUE and speaks_of_policy(words):
        row = REFUSED_BY_POLICY
    return refusals.refused(row, code, words, wait)


def read_card(said: Record) -> dict[str, Json]:
    """What a character's card tells, also where it comes inside the event that brings it; empty for anything else."""
    card = as_object(said.get("card")) or said
    return {name: text for name in CARD if (text := as_text(card.get(name)))}


def speaks_of_limits(words: str) -> bool:
    return _BUSY.search(words) is not None


def failed(words: str, code: str = "", job: str | None = None, progress: float = 0.0) -> Observation:
    """A job that came to nothing, by what the server says of it."""
    state = State.TIMEOUT if words.startswith(TIMEOUTS) else State.FAILED
    canonical = POLICY if speaks_of_policy(words) else FAULTS[state].code
    return Observation(state, job, progress, fault=Fault(canonical, words, code))
