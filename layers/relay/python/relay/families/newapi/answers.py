"""Reading what all of an aggregator's APIs answer alike: its refusals, in OpenAI's shape or in that of tasks."""

from __future__ import annotations

from collections.abc import Mapping

from relay.families.reading import MAX_CODE, Record, as_object, as_text, read_wait
from relay.families.refusals import (
    BAD_VALUE,
    LACKING,
    OTHER,
    OUR_KEY,
    REFUSED_BY_POLICY,
    STATUSES,
    Row,
    refused,
    speaks_of_policy,
)
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.wire import Answer, Json

# The application's own codes, which are certain under any HTTP status.
CODES: Mapping[str, Row] = {
    **dict.fromkeys(("quota_not_enough", "insufficient_user_quota", "insufficient_quota"), OUR_KEY),
    **dict.fromkeys(("invalid_api_key", "pre_consume_token_quota_failed", "API_KEY_INVALID"), OUR_KEY),
    **dict.fromkeys(("model_not_found", "get_channel_failed", "api_not_implemented", "invalid_api_platform"), LACKING),
    **dict.fromkeys(("content_policy_violation", "sensitive_words_detected", "moderation_blocked"), REFUSED_BY_POLICY),
}


def read_error(document: Record) -> tuple[str, str]:
    """The code and the words of an error, whichever shape it has; empty where there are none."""
    error = document.get("error")
    if isinstance(error, str):
        return "", as_text(error)
    said = as_object(error) or document
    code = read_code(said.get("code")) or as_text(said.get("type"), MAX_CODE)
    return code, as_text(said.get("message"))


def read_code(said: Json) -> str:
    """An error's code, which may be a number; empty where there is none."""
    return str(said)[:MAX_CODE] if type(said) is int else as_text(said, MAX_CODE)


def refusal(answer: Answer, codes: Mapping[str, Row] = CODES) -> Refused:
    """The certain no in an answer that names no job. Raises UnknownOutcome where there is none."""
    code, words = read_error(as_object(answer.body))
    known = codes.get(code)
    if known is None and not 400 <= answer.status < 500:
        raise UnknownOutcome("the upstream gave no readable answer")
    row = known or STATUSES.get(answer.status, OTHER)
    if row is BAD_VALUE and speaks_of_policy(words):
        row = REFUSED_BY_POLICY
    return refused(row, code or str(answer.status), words, read_wait(answer))
