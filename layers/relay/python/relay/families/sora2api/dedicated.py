"""A server with a path for each thing to make: every request becomes a task, which is asked for."""

from __future__ import annotations

from urllib.parse import quote

from relay.families.provider import Api, Carries, Job, MediaForm, Order
from relay.families.reading import MAX_ASSETS, MAX_CODE, as_id, as_number, as_object, as_text, is_url, parse
from relay.families.sora2api.answers import failed, read_card, read_words, refusal
from relay.families.sora2api.ordering import CARRIES, check_film, check_picture, film_of, write_model
from relay.families.sora2api.words import ANIMATE, CHARACTER, DRAW, FILM, REDRAW, REMIX, STATES, STORYBOARD, TASKS
from relay.nouns.draft import Draft, Kind, MediaRole
from relay.nouns.errors import Unreadable
from relay.nouns.task import Asset, Observation, State
from relay.nouns.wire import Answer, Call, Json

ACCEPT = {"accept": "application/json"}


def write_submit(order: Order) -> Call:
    draft = order.draft
    if draft.kind is Kind.CHARACTER:
        return _write_character(draft)
    body: dict[str, Json] = {"prompt": draft.prompt, "model": write_model(order), "async_mode": True}
    if draft.media:
        body["image"] = draft.media[0].url
    if style := draft.options.get("style"):
        body["style"] = style
    if target := draft.options.get("remix_target"):
        body["remix_target_id"] = target
    return Call.json("POST", _path(draft), body, ACCEPT)


def _write_character(draft: Draft) -> Call:
    # `stream` has to be true on this path; `async_mode` counts before it
    body: dict[str, Json] = {"video": film_of(draft), "stream": True, "async_mode": True}
    if cut := draft.options.get("timestamps"):
        body["timestamps"] = cut
    return Call.json("POST", CHARACTER, body, ACCEPT)


def _path(draft: Draft) -> str:
    """Raises Unfit for what goes to no path."""
    if draft.kind is Kind.IMAGE:
        check_picture(draft)
        return REDRAW if draft.media else DRAW
    check_film(draft)
    if draft.media:
        return ANIMATE  # also of a storyboard: shots are found in any prompt
    return {"remix": REMIX, "storyboard": STORYBOARD}.get(draft.action, FILM)


def read_submit(answer: Answer, _: Order) -> Observation:
    job = as_id(as_object(answer.body).get("task_id"))
    if not 200 <= answer.status < 300 or job is None:
        raise refusal(answer)
    return Observation(State.QUEUED, job)


def write_query(job: Job) -> Call:
    return Call("GET", f"{TASKS}/{quote(job.upstream_task_id, safe='')}", ACCEPT)


def read_query(answer: Answer) -> Observation:
    document = as_object(answer.body) if answer.status == 200 else {}
    word, job = as_text(document.get("status"), MAX_CODE), as_id(document.get("task_id"))
    if not word:
        raise Unreadable(f"the upstream answered HTTP {answer.status} and no task")
    state, progress = STATES.get(word.lower()), min(max(as_number(document.get("progress")) or 0.0, 0.0), 100.0)
    if state is None:
        return Observation(State.PROCESSING, job, progress, unknown_word=word)
    if state is State.SUCCEEDED:
        return _made(job, document.get("result_urls"))
    if state is State.FAILED:
        words = as_text(document.get("error_message")) or read_words(document)
        return failed(words, job=job, progress=progress)
    return Observation(state, job, progress)


def _made(job: str | None, said: Json) -> Observation:
    """Of a character the card is told in place of addresses."""
    if card := read_card(as_object(said)):
        return Observation(State.SUCCEEDED, job, 100.0, facts={"character": card})
    return Observation(State.SUCCEEDED, job, 100.0, _assets(said))


def _assets(said: Json) -> tuple[Asset, ...]:
    """A list of addresses, which some servers tell as they store it, as text."""
    urls = parse(said) if isinstance(said, str) and said.startswith("[") else said
    listed = urls if isinstance(urls, list) else [urls]
    return tuple(Asset(url) for url in listed if is_url(url))[:MAX_ASSETS]


_CARRIES = {**CARRIES, Kind.CHARACTER: Carries(media=(MediaRole.VIDEO,), options=("timestamps",))}
API = Api(write_submit, read_submit, write_query, read_query, media_form=MediaForm.DATA, carries=_CARRIES)
