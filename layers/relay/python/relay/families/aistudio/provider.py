"""The relay platform family as an upstream: how we ask it for work, and how we read what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from relay.families.aistudio.words import TASK_TYPES
from relay.families.provider import Provider
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import BadInput, Refused, Unfit, UnknownOutcome, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.shapes import nearest
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State
from relay.nouns.wire import Answer, Call, Inbound

# Platform API reference, platforms and task query: seven status words, each of which is our own word as well.
STATUSES = {state.value: state for state in (State.PENDING, State.QUEUED, State.PROCESSING, *TERMINAL)}

# Codes of a task's error that mean here what they mean there; others are a failed generation by another name.
TASK_CODES = frozenset(
    {
        "GENERATION_FAILED",
        "TASK_TIMEOUT",
        "TASK_CANCELLED",
        "API_ERROR",
        "INVALID_PARAMETER",
        "CONTENT_POLICY_VIOLATION",
    }
)


class Row(NamedTuple):
    """What a refusal means to us."""

    message: str
    elsewhere: bool = True
    key: bool = False
    task_code: str = "API_ERROR"


_BAD_VALUE = Row("the upstream does not accept this request", False, task_code="INVALID_PARAMETER")
_LACKING = Row("the upstream does not offer this")
_OUR_KEY = Row("the upstream did not accept our access", key=True)

# Platform API reference, errors: by HTTP status and code; the empty code stands for all others of that status.
REFUSALS: Mapping[tuple[int, str], Row] = {
    (400, "INVALID_PARAMETER"): _BAD_VALUE,
    (400, "MISSING_REQUIRED_FIELD"): _BAD_VALUE,
    (400, "API_NOT_IMPLEMENTED"): _LACKING,
    (401, ""): _OUR_KEY,
    (402, ""): _OUR_KEY,  # our balance there is used up
    (403, "ACCOUNT_FROZEN"): _OUR_KEY,
    (403, ""): _OUR_KEY._replace(key=False),
    (404, "NOT_FOUND"): _LACKING,
    (429, ""): Row("the upstream takes no more requests for now"),
}
# The status each code goes with, for a platform that says no inside a 200.
STATUS_OF: Mapping[str, int] = {
    **dict.fromkeys(("MISSING_REQUIRED_FIELD", "INVALID_PARAMETER", "API_NOT_IMPLEMENTED"), 400),
    **dict.fromkeys(("UNAUTHORIZED", "INVALID_TOKEN"), 401),
    "INSUFFICIENT_BALANCE": 402,
    **dict.fromkeys(("FORBIDDEN", "ACCOUNT_FROZEN"), 403),
    **dict.fromkeys(("TASK_NOT_FOUND", "NOT_FOUND"), 404),
    **dict.fromkeys(("RATE_LIMIT_EXCEEDED", "TOO_MANY_REQUESTS"), 429),
    **dict.fromkeys(("INTERNAL_ERROR", "API_ERROR"), 500),
}
_OTHER = Row("the upstream refused the request")

WAIT, LONGEST_WAIT = 5, 300  # seconds after a 429: what we wait when it does not say, and the most we believe
MAX_WORDS, MAX_CODE = 300, 60  # characters of an upstream's text, and of its code, that go further
MAX_ID, MAX_URL, MAX_ASSETS, MAX_SECONDS = 512, 8192, 32, 10**6


class AistudioProvider(Provider):
    family = "aistudio"

    def write_submit(self, draft: Draft, source: Source, callback_url: str | None) -> Call:
        """Raises Unfit for what this API has no field for: what is left out would be billed all the same."""
        if draft.kind not in TASK_TYPES:
            raise Unfit("model", "is of a kind this API does not make", "该 API 不支持此类型")
        if draft.mask_url or len(draft.image_urls) > (1 if draft.kind is Kind.VIDEO else 0):
            raise Unfit("mask" if draft.mask_url else "image", "is more than this model takes", "超出该模型的上限")
        fields: dict[str, object] = {"prompt": draft.prompt, "model": source.model}
        if draft.kind is Kind.IMAGE:
            fields |= {"size": nearest(source.sizes, draft.size), "count": draft.count}
        elif draft.kind is Kind.VIDEO:
            fields |= _video(draft, source)
        else:  # music has no choice of model
            fields |= {"model": None, "lyrics": draft.lyrics, "style": draft.style}
        return self._post(draft.platform, TASK_TYPES[draft.kind], {**fields, "callback_url": callback_url})

    def read_submit(self, answer: Answer, api: str) -> Observation:
        document = _object(answer.body)
        job = _id(document.get("task_id"))
        if 200 <= answer.status < 300 and job:
            return Observation(State.QUEUED, job)
        error = document.get("error")
        code, words = self._text(_word(error, "code"))[:MAX_CODE], self._text(_word(error, "message"))
        status = answer.status if answer.status >= 400 else STATUS_OF.get(code, 0)
        # outside 4xx a no is certain only in the family's own words: a proxy's may hide a job that was started
        if 400 <= answer.status < 500 or (document.get("success") is False and code and status):
            raise _refused(answer, status, code, words)
        raise UnknownOutcome("the upstream gave no readable answer")

    def write_query(self, upstream_task_id: str, api: str, platform: str) -> Call:
        return self._post(platform, "tasks", {"task_id": upstream_task_id})

    def read_query(self, answer: Answer, api: str) -> Observation:
        document = _object(answer.body) if answer.status == 200 else {}
        word = document.get("status")
        if not isinstance(word, str) or not word:
            raise Unreadable("the upstream gave no readable status")
        job, state = _id(document.get("task_id")), STATUSES.get(word)
        if state is None:
            return Observation(State.PROCESSING, job, unknown_word=self._text(word)[:MAX_CODE] or "?")
        if state is State.SUCCEEDED:
            return Observation(state, job, assets=self._assets(document))
        if state in TERMINAL:
            return Observation(state, job, fault=self._fault(document.get("error"), FAULTS[state]))
        return Observation(state, job)

    def read_callback(self, inbound: Inbound, now: int) -> str | None:
        try:
            document = json.loads(inbound.body)
        except (ValueError, RecursionError) as error:
            raise BadInput("the body is not valid JSON", "请求体不是有效的 JSON") from error
        return _id(document.get("task_id")) if isinstance(document, dict) else None

    def _post(self, platform: str, segment: str, fields: Mapping[str, object]) -> Call:
        url = f"{self.account.base_url.rstrip('/')}/api/{quote(platform, safe='')}/{segment}"
        given = {name: value for name, value in fields.items() if value is not None}
        headers = {"authorization": f"Bearer {self.account.key}", "accept": "application/json"}
        return Call.json("POST", url, given, headers)

    def _assets(self, document: Mapping[str, Any]) -> tuple[Asset, ...]:
        lists = [document.get("images"), [document.get("video")], document.get("music")]
        items = [item for found in lists if isinstance(found, list) for item in found if isinstance(item, dict)]
        return tuple(self._asset(item) for item in items if _printable(item.get("url"), MAX_URL))[:MAX_ASSETS]

    def _asset(self, item: Mapping[str, Any]) -> Asset:
        title = item.get("title")
        return Asset(item["url"], _seconds(item.get("duration")), self._text(title) if isinstance(title, str) else None)

    def _fault(self, error: object, usual: Fault) -> Fault:
        code, words = _word(error, "code"), self._text(_word(error, "message"))
        if not code or code in TASK_CODES:
            return Fault(code or usual.code, words)
        return Fault(FAULTS[State.FAILED].code, words, self._text(code)[:MAX_CODE])

    def _text(self, words: str | None) -> str:
        """The upstream's words, made safe to log: printable, short, and without any key."""
        plain = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "", re.sub(r"[\t\r\n]+", " ", words or ""))
        if len(self.account.key) >= 8:
            plain = plain.replace(self.account.key, "sk-***")
        return re.sub(r"\bsk-[A-Za-z0-9_-]{6,}", "sk-***", plain)[:MAX_WORDS]


PROVIDER = AistudioProvider


def _video(draft: Draft, source: Source) -> dict[str, object]:
    fields: dict[str, object] = {"action": draft.action or "text2video", "duration": draft.duration}
    if draft.action != "extend":  # a continued video keeps the shape it has
        return fields | {
            "aspect_ratio": nearest(source.sizes, draft.aspect_ratio),
            "image_url": next(iter(draft.image_urls), None),
        }
    if draft.parent_upstream_task_id and draft.pin == source.upstream:
        return fields | {"task_id": draft.parent_upstream_task_id}
    return fields | {"video_url": draft.video_url}


def _refused(answer: Answer, status: int, code: str, words: str) -> Refused:
    row = REFUSALS.get((status, code)) or REFUSALS.get((status, "")) or _OTHER
    return Refused(
        row.message,
        elsewhere=row.elsewhere,
        key=row.key,
        wait=_wait(answer) if status == 429 else None,
        task_code=row.task_code,
        upstream_code=code or str(status),
        words=words,
    )


def _wait(answer: Answer) -> float:
    said = answer.headers.get("retry-after", "").strip()
    seconds = int(said[:9]) if said.isascii() and said.isdigit() else WAIT
    return float(min(max(seconds, 1), LONGEST_WAIT))


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= MAX_SECONDS else None


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _word(error: object, name: str) -> str | None:
    value = error.get(name) if isinstance(error, dict) else None
    return value if isinstance(value, str) else None


def _id(value: object) -> str | None:
    return value if isinstance(value, str) and _printable(value, MAX_ID) else None


def _printable(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest and value.isprintable()
