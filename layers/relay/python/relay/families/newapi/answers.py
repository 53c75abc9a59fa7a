"""Reading what all of an aggregator's APIs answer alike: its refusals, in OpenAI's shape or in that of tasks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from relay.families.reading import MAX_CODE, Record, as_object, as_text, read_wait
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.wire import Answer

POLICY, PARAMETER = "CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER"


class Row(NamedTuple):
    """What a refusal means to us."""

    message: str
    elsewhere: bool = True
    key: bool = False
    task_code: str = "API_ERROR"


_BAD_VALUE = Row("the upstream does not accept this request", False, task_code=PARAMETER)
_POLICY = Row("the upstream refuses what is asked for", False, task_code=POLICY)
_LACKING = Row("the upstream does not offer this")
_OUR_KEY = Row("the upstream did not accept our access", key=True)
_FULL = Row("the upstream takes no more requests for now")
_OTHER = Row("the upstream refused the request")

# The application's own codes, which are certain under any HTTP status.
CODES: Mapping[str, Row] = {
    **dict.fromkeys(("quota_not_enough", "insufficient_user_quota", "insufficient_quota"), _OUR_KEY),
    **dict.fromkeys(("invalid_api_key", "pre_consume_token_quota_failed"), _OUR_KEY),
    **dict.fromkeys(("model_not_found", "get_channel_failed", "api_not_implemented", "invalid_api_platform"), _LACKING),
    **dict.fromkeys(("content_policy_violation", "sensitive_words_detected", "moderation_blocked"), _POLICY),
}
STATUSES: Mapping[int, Row] = {
    400: _BAD_VALUE,
    401: _OUR_KEY,
    402: _OUR_KEY,
    403: _OTHER,
    404: _LACKING,
    413: _BAD_VALUE,
    422: _BAD_VALUE,
    429: _FULL,
}
_SPEAKS_OF_POLICY = re.compile(r"policy|policies|moderation|sensitive|safety|prohibited", re.IGNORECASE)


def read_error(document: Record) -> tuple[str, str]:
    """The code and the words of an error, whichever shape it has; empty where there are none."""
    error = document.get("error")
    if isinstance(error, str):
        return "", as_text(error)
    said = as_object(error) or document
    code = as_text(said.get("code"), MAX_CODE) or as_text(said.get("type"), MAX_CODE)
    return code, as_text(said.get("message"))


def refusal(answer: Answer) -> Refused:
    """The certain no in an answer that names no job. Raises UnknownOutcome where there is none."""
    code, words = read_error(as_object(answer.body))
    known = CODES.get(code)
    if known is None and not 400 <= answer.status < 500:
        raise UnknownOutcome("the upstream gave no readable answer")
    row = known or STATUSES.get(answer.status, _OTHER)
    if row is _BAD_VALUE and speaks_of_policy(words):
        row = _POLICY
    return Refused(
        row.message,
        elsewhere=row.elsewhere,
        key=row.key,
        wait=read_wait(answer) if answer.status == 429 else None,
        task_code=row.task_code,
        upstream_code=code or str(answer.status),
        words=words,
    )


def speaks_of_policy(words: str) -> bool:
    return _SPEAKS_OF_POLICY.search(words) is not None
