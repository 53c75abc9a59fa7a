"""What a refusal means to us: the rows of the tables in which providers list what their upstreams say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from relay.nouns.errors import Refused
from relay.nouns.wire import Json

POLICY, PARAMETER = "CONTENT_POLICY_VIOLATION", "INVALID_PARAMETER"


class Row(NamedTuple):
    """Whether another upstream may do it, whether our key is at fault, what the task fails with, and whether the
    upstream takes requests again after a while."""

    message: str
    elsewhere: bool = True
    key: bool = False
    task_code: str = "API_ERROR"
    waits: bool = False


BAD_VALUE = Row("the upstream does not accept this request", False, task_code=PARAMETER)
REFUSED_BY_POLICY = Row("the upstream refuses what is asked for", False, task_code=POLICY)
LACKING = Row("the upstream does not offer this")
OUR_KEY = Row("the upstream did not accept our access", key=True)
FULL = Row("the upstream takes no more requests for now", waits=True)
OTHER = Row("the upstream refused the request")

# What HTTP statuses say wherever a family does not say otherwise; one that is not here says no more than no.
STATUSES: Mapping[int, Row] = {
    **dict.fromkeys((400, 413, 422), BAD_VALUE),
    **dict.fromkeys((401, 402), OUR_KEY),
    404: LACKING,
    429: FULL,
}

_SPEAKS_OF_POLICY = re.compile(r"policy|policies|moderation|sensitive|safety|prohibited|violat", re.IGNORECASE)


def refused(row: Row, code: str, words: str, wait: float, facts: Mapping[str, Json] = MappingProxyType({})) -> Refused:
    """The refusal, with the upstream's code and words; `wait` is for how many seconds where the row waits."""
    return Refused(
        row.message,
        elsewhere=row.elsewhere,
        key=row.key,
        wait=wait if row.waits else None,
        task_code=row.task_code,
        upstream_code=code,
        words=words,
        facts=facts,
    )


def speaks_of_policy(words: str) -> bool:
    return _SPEAKS_OF_POLICY.search(words) is not None
