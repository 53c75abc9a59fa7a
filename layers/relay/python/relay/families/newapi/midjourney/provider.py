"""Midjourney as we call it, at a bare proxy or at new-api: what is submitted, and how every answer is read."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from relay.families.newapi.midjourney import submissions
from relay.families.newapi.midjourney.refusals import read_banned, read_refusal
from relay.families.newapi.midjourney.words import (
    ACCEPTED,
    ACTS,
    EXISTS,
    HOME,
    IMAGE,
    QUEUED,
    STATES,
    SUBMIT,
    TASK,
    read_button,
)
from relay.families.provider import Api, Job, MediaForm, More, Order, Step
from relay.families.reading import MAX_ASSETS, MAX_CODE, Record, as_id, as_number, as_object, as_text, is_url
from relay.families.refusals import POLICY, speaks_of_policy
from relay.nouns.draft import Kind, MediaRole
from relay.nouns.errors import UnknownOutcome, Unreadable
from relay.nouns.faults import Fault
from relay.nouns.task import FAULTS, TERMINAL, Asset, Observation, State
from relay.nouns.wire import Answer, Call, Json

MAX_BUTTONS, MAX_PROMPTS = 40, 8000
_WORDY = tuple(act.word for act in ACTS.values() if act.kind is Kind.TEXT)


def read_submit(answer: Answer, order: Order) -> Observation | Step:
    document = as_object(answer.body)
    code, job = as_number(document.get("code")), as_id(document.get("result"))
    if answer.status != 200 or code not in (ACCEPTED, QUEUED, EXISTS):
        raise read_refusal(answer)
    if code == EXISTS:
        return _read_exists(as_object(document.get("properties")), job, order)
    if job is None:
        raise UnknownOutcome("the upstream names no job")
    return Observation(State.QUEUED, job)


def _read_exists(said: Record, job: str | None, order: Order) -> Observation | Step:
    """One code for two things: the job exists already, or a window waits to be confirmed before it is made."""
    status, url = said.get("status"), said.get("imageUrl")
    if status == "SUCCESS" and is_url(url):
        return Observation(State.SUCCEEDED, job, 100.0, (Asset(url),))
    if job is None:
        raise UnknownOutcome("the upstream names no job")
    if status:
        return Observation(State.QUEUED, job)
    draft, body = order.draft, {"taskId": job, "prompt": order.draft.prompt}
    if mask := draft.url(MediaRole.MASK):
        body["maskBase64"] = mask
    call = Call.json("POST", f"{submissions.home(draft)}{SUBMIT}/modal", body)
    return Step(call, lambda answer: _read_confirmed(answer, job), unmade=True)  # a window alone makes nothing


def _read_confirmed(answer: Answer, job: str) -> Observation:
    """The answer to a confirmed window, whose job keeps its id where none is named."""
    document = as_object(answer.body)
    if answer.status == 200 and as_number(document.get("code")) in (ACCEPTED, QUEUED, EXISTS):
        return Observation(State.QUEUED, as_id(document.get("result")) or job)
    raise read_refusal(answer)


def write_query(job: Job) -> Call:
    return _ask(job, "fetch")


def _ask(job: Job, what: str) -> Call:
    return Call("GET", f"{HOME}{TASK}/{quote(job.upstream_task_id, safe='')}/{what}", {"accept": "application/json"})


def write_seed(job: Job, seen: Observation) -> Call | None:
    """A picture's seed has a question of its own, where it was not told with the task."""
    act = ACTS.get(job.action or "imagine")
    asked = seen.state is State.SUCCEEDED and act is not None and act.kind is Kind.IMAGE and "seed" not in seen.facts
    return _ask(job, "image-seed") if asked else None


def read_seed(answer: Answer) -> Mapping[str, Json]:
    document = as_object(answer.body)
    told = answer.status == 200 and as_number(document.get("code")) == ACCEPTED
    seed = _seed(document.get("result")) if told else ""
    return {"seed": seed} if seed else {}


def read_query(answer: Answer) -> Observation:
    document = as_object(answer.body) if answer.status == 200 else {}
    said = document.get("status")
    job = as_id(document.get("id"))
    if not isinstance(said, str) or job is None:
        raise Unreadable("the upstream gave no readable task")
    state = STATES.get(said.strip().upper())
    if state is None:
        return Observation(State.PROCESSING, job, unknown_word=as_text(said, MAX_CODE) or "?")
    if state is State.SUCCEEDED:
        return Observation(state, job, 100.0, _assets(document), facts=_facts(document))
    if state in TERMINAL:
        return Observation(state, job, _progress(document), fault=_fault(document, state), facts=read_banned(document))
    return Observation(state, job, _progress(document), facts=_preview(document))


def _preview(document: Record) -> Mapping[str, Json]:
    """What is shown of a picture that is being made: how far it is drawn, and its prompt as it was understood."""
    url, prompt = document.get("imageUrl"), as_text(document.get("promptEn"), MAX_PROMPTS)
    understood = {"prompt_en": prompt} if prompt and document.get("promptEn") != document.get("prompt") else {}
    return understood | ({"preview": url} if is_url(url) else {})


def _assets(document: Record) -> tuple[Asset, ...]:
    """The picture, or the films; of what was asked in words the picture is the client's own."""
    if document.get("action") in _WORDY:
        return ()
    films = document.get("videoUrls")
    said = [as_object(each).get("url", each) for each in films[:MAX_ASSETS]] if isinstance(films, list) else []
    said = said or [document.get("videoUrl") or document.get("imageUrl")]
    return tuple(_asset(url) for url in said if is_url(url))


def _asset(url: str) -> Asset:
    """An aggregator's own link is asked for where the aggregator is, which may lead on to the file."""
    path = urlsplit(url).path
    return Asset(path, private=True) if path.startswith(f"{HOME}{IMAGE}/") else Asset(url)


def _progress(document: Record) -> float:
    said = document.get("progress")
    percent = as_number(said.strip().removesuffix("%") if isinstance(said, str) else said)
    return min(max(percent or 0.0, 0.0), 100.0)


def _fault(document: Record, state: State) -> Fault:
    words = as_text(document.get("failReason"))
    return Fault(POLICY if speaks_of_policy(words) else FAULTS[state].code, words)


def _facts(document: Record) -> Mapping[str, Json]:
    said = as_object(document.get("properties"))
    buttons = document.get("buttons")
    found = {
        "buttons": [_button(each) for each in buttons[:MAX_BUTTONS] if as_id(as_object(each).get("customId"))]
        if isinstance(buttons, list)
        else [],
        "prompt_en": as_text(document.get("promptEn"), MAX_PROMPTS),
        "text": as_text(said.get("finalPrompt"), MAX_PROMPTS),
        "seed": _seed(document.get("seed") or said.get("seed")),
    }
    return {name: value for name, value in found.items() if value}


def _button(said: Record) -> dict[str, Json]:
    """A button by its own id; `name` is the short one by which a change may ask for it."""
    custom_id = str(said["customId"])
    known = read_button(custom_id)
    return {
        "ref": custom_id,
        "name": known[1] if known else "",
        "label": as_text(said.get("label"), MAX_CODE),
        "emoji": as_text(said.get("emoji"), MAX_CODE),
        "type": _look(said.get("type")),
        "style": _look(said.get("style")),
    }


def _seed(said: Json) -> str:
    """Some proxies tell it with the task, as text or as a number."""
    text = as_text(str(said) if isinstance(said, int) else said, MAX_CODE)
    return text if text.isascii() and text.isdigit() else ""


def _look(said: Json) -> int:
    """One of Discord's few numbers for how a button looks; grey where it is none."""
    return said if isinstance(said, int) and 0 <= said < 100 else 2


API = Api(
    submissions.write_submit,
    read_submit,
    write_query,
    read_query,
    media_form=MediaForm.DATA,
    more=More(write_seed, read_seed),
    carries=submissions.CARRIES,
)
