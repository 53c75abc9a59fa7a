"""Reading how a video job stands, in every shape that aggregators answer with whichever of their APIs was asked.

There are Kling's envelope (`task_status`), new-api's task inside `{"code":"success","data":…}` (a status in capital
letters, the vendor's own answer in its `data`), a bare object with `status` and `url`, and OpenAI's video object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from relay.families.newapi.answers import CODES, read_code, refusal
from relay.families.reading import (
    MAX_ASSETS,
    MAX_CODE,
    Record,
    as_id,
    as_number,
    as_object,
    as_seconds,
    as_text,
    is_url,
)
from relay.families.refusals import POLICY, Row, speaks_of_policy
from relay.nouns.errors import Unreadable
from relay.nouns.faults import Fault
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State
from relay.nouns.wire import Answer, Json

# Protocol facts, master mapping: every status word met in these shapes, in small letters.
STATES: Mapping[str, State] = {
    **dict.fromkeys(("not_start", "unknown", "pending", "submitted", "queued"), State.QUEUED),
    **dict.fromkeys(("in_progress", "processing", "running"), State.PROCESSING),
    **dict.fromkeys(("succeed", "succeeded", "success", "completed"), State.SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error"), State.FAILED),
    **dict.fromkeys(("cancelled", "canceled"), State.CANCELLED),
}
_SUCCESS = (0, None, "success", "")


def read_accepted(answer: Answer, codes: Mapping[str, Row] = CODES) -> Observation:
    """The accepted job. Raises Refused by the `codes` of the API, UnknownOutcome."""
    document = as_object(answer.body)
    data = as_object(document.get("data"))
    said = [each.get(name) for each in (data, document) for name in ("task_id", "id")]
    job = next((found for each in said if (found := as_id(each))), None)
    if 200 <= answer.status < 300 and job and not _failed(document):
        return Observation(State.QUEUED, job)
    raise refusal(answer, codes)


def read_stand(answer: Answer) -> Observation:
    """Raises Unreadable for what holds no status."""
    document = as_object(answer.body) if answer.status == 200 else {}
    task = as_object(document.get("data")) or document
    word = as_text(task.get("task_status"), MAX_CODE) or as_text(task.get("status"), MAX_CODE)
    if _failed(document) or not word:
        raise Unreadable("the upstream gave no readable status")
    state, job = STATES.get(word.lower()), as_id(task.get("task_id")) or as_id(task.get("id"))
    if state is None:
        return Observation(State.PROCESSING, job, read_progress(task), unknown_word=word)
    if state is State.SUCCEEDED:
        return Observation(state, job, 100.0, _assets(task))
    return Observation(state, job, read_progress(task), fault=_fault(task, state) if state in TERMINAL else None)


def _failed(document: Record) -> bool:
    return document.get("code") not in _SUCCESS


def _vendors(task: Record) -> Record:
    """The vendor's own word on the job, which new-api's task holds as it came; else the task itself."""
    own = as_object(task.get("data"))
    return as_object(own.get("data")) or own or task


def _assets(task: Record) -> tuple[Asset, ...]:
    videos = as_object(_vendors(task).get("task_result")).get("videos")
    made = [_asset(each) for each in videos if isinstance(each, dict)] if isinstance(videos, list) else []
    known = tuple(asset for asset in made if asset)
    if known:
        return known[:MAX_ASSETS]
    return next(((Asset(url, _length(task)),) for url in _addresses(task) if is_url(url)), ())


def _asset(video: Record) -> Asset | None:
    url = video.get("url")
    return Asset(url, as_seconds(video.get("duration")), ref=as_id(video.get("id"))) if is_url(url) else None


def _addresses(task: Record) -> Iterator[Json]:
    """Where a single film's address may stand; new-api wrote it as the reason of a failure once."""
    for each in (task, _vendors(task)):
        yield from (each.get(name) for name in ("url", "video_url", "result_url"))
        yield as_object(each.get("metadata")).get("url")
    yield task.get("fail_reason")


def _length(task: Record) -> float | None:
    vendors = _vendors(task)
    said = (as_object(vendors.get("metadata")).get("duration"), vendors.get("seconds"), task.get("seconds"))
    return next((seconds for each in said if (seconds := as_seconds(each))), None)


def read_progress(task: Record) -> float:
    said = task.get("progress")
    percent = as_number(said.strip().removesuffix("%") if isinstance(said, str) else said)
    return min(max(percent or 0.0, 0.0), 100.0)


def _fault(task: Record, state: State) -> Fault:
    error = task.get("error")
    about = as_object(error)
    said = (task.get("task_status_msg"), task.get("fail_reason"), about.get("message"), error)
    words = next((found for each in said if (found := as_text(each))), "")
    code = read_code(about.get("code") or None)
    return Fault(POLICY if speaks_of_policy(f"{code} {words}") else FAULTS[state].code, words, code)
