"""What a refusal of a Midjourney upstream means to us, by its code."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.bodies import MAX_TEXT
from relay.families.newapi.answers import CODES, refusal
from relay.families.newapi.midjourney.words import BANNED, FAILURE, FULL, INVALID, NOT_FOUND, SATURATED, UNKNOWN
from relay.families.reading import MAX_CODE, Record, as_number, as_object, as_text, read_wait
from relay.families.refusals import PARAMETER, POLICY, Row, refused, speaks_of_policy
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.wire import Answer, Json

ROWS: Mapping[int, Row] = {
    NOT_FOUND: Row("the upstream has no account for this, or does not know the task"),
    INVALID: Row("the upstream does not accept this request", elsewhere=False, task_code=PARAMETER),
    UNKNOWN: Row("the upstream refused the request"),
    FAILURE: Row("the upstream refused the request"),
    FULL: Row("the upstream's queue is full", waits=True),
    BANNED: Row("the upstream refuses what is asked for", elsewhere=False, task_code=POLICY),
    SATURATED: Row("the upstream takes no more requests for now", waits=True),
}


# What new-api says, by any code, where it could not read what became of a request that it had passed on.
_LOST = ("do_request_failed", "read_response_body_failed", "unmarshal_response_body_failed")


def read_refusal(answer: Answer) -> Refused:
    """The certain no in an answer that names no job. Raises UnknownOutcome where there is none."""
    document = as_object(answer.body)
    code, words = as_number(document.get("code")), as_text(document.get("description")).strip()
    if words.startswith(_LOST):
        raise UnknownOutcome("the upstream lost what became of the request")
    row = ROWS.get(int(code)) if code is not None and code == int(code) else None
    if row is None or answer.status not in (200, 400, 404, 429):
        raise refusal(answer)
    if known := CODES.get(words):  # new-api's own failures, which it says by the code of bad input
        row = known
    elif code == INVALID and speaks_of_policy(words):
        row = ROWS[BANNED]
    return refused(row, str(int(code or 0)), words, read_wait(answer), read_banned(document))


def read_banned(document: Record) -> Mapping[str, Json]:
    """The word that is not allowed, and the prompt it was found in, for whoever wrote it."""
    said = as_object(document.get("properties"))
    word, prompt = as_text(said.get("bannedWord"), MAX_CODE), as_text(said.get("promptEn"), MAX_TEXT)
    return {"banned_word": word} | ({"prompt_en": prompt} if prompt else {}) if word else {}
