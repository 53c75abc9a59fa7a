"""Both styles of Suno's answers as they were met, and what KIE's Suno has no words for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relay.families.kie.provider import PROVIDER as KIE
from relay.families.newapi.provider import PROVIDER
from relay.families.provider import Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Refused, Unfit, UnknownOutcome, Unreadable
from relay.nouns.task import Asset, Observation, Role, State
from relay.nouns.wire import Answer
from tests.unit.asking import submitted

SAID: dict[str, Any] = json.loads((Path(__file__).parents[1] / "fixtures/newapi/suno.json").read_text("utf-8"))
API = PROVIDER.apis["suno"]
SUNG = "[Verse]\nrain on roofs\n\n[Chorus]\nall night"
FILES = "https://files.example"


def answer(document: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode())


def each(name: str) -> list[dict[str, Any]]:
    return list(SAID[name].values())


def test_a_job_is_accepted_in_both_styles() -> None:
    assert [submitted(API, answer(said)) for said in each("submits")] == [Observation(State.QUEUED, "task-1")] * 3


def test_a_refusal_is_read_by_its_status_and_code() -> None:
    for said in each("refusals"):
        with pytest.raises(Refused) as caught:
            submitted(API, answer(said["answer"], said["status"]))
        assert (caught.value.key, caught.value.task_code) == (said["key"], said["task_code"])


def test_what_may_hide_a_job_is_no_refusal() -> None:
    for said in each("unknown"):
        with pytest.raises(UnknownOutcome):
            submitted(API, answer(said["answer"], said["status"]))


def test_both_vocabularies_of_a_running_task_are_read() -> None:
    seen = [API.read_query(answer(said["answer"])) for said in each("running")]
    assert seen == [Observation(State(said["state"]), "task-1", 33.0) for said in each("running")]


def test_clips_are_songs_with_what_came_with_them() -> None:
    songs = (
        Asset(f"{FILES}/1.mp3", 128.92, "Roofs", ref="clip-1"),
        Asset(f"{FILES}/1-large.jpeg", role=Role.COVER, ref="clip-1"),
        Asset(f"{FILES}/1.mp4", role=Role.PREVIEW, ref="clip-1"),
        Asset(f"{FILES}/2.mp3", 61.0, "Roofs", ref="clip-2"),
    )
    said = {"clips": [{"ref": "clip-1", "text": SUNG, "tags": "lofi"}]}
    for document in each("songs"):
        assert API.read_query(answer(document)) == Observation(State.SUCCEEDED, "task-1", 100.0, songs, facts=said)


def test_lyrics_are_facts_alone() -> None:
    made = Observation(State.SUCCEEDED, "task-1", 100.0, facts={"text": "[Verse]\nrain", "title": "Roofs"})
    assert [API.read_query(answer(said)) for said in each("lyrics")] == [made, made]


def test_a_failure_has_the_reason_of_its_task_or_clip() -> None:
    seen = [API.read_query(answer(said["answer"])) for said in each("failures")]
    assert [found.state for found in seen] == [State.FAILED] * 3
    told = [(found.fault.code, found.fault.words) for found in seen if found.fault]
    assert told == [(said["code"], said["words"]) for said in each("failures")]


def test_an_answer_that_says_nothing_of_the_job_is_unreadable() -> None:
    for said in each("unreadable"):
        with pytest.raises(Unreadable):
            API.read_query(answer(said["answer"], said["status"]))


@pytest.mark.parametrize(
    ("prompt", "options", "about"),
    [
        ("rain", {"title": "Roofs"}, "title"),
        ("", {"lyrics": "la"}, "style"),
        ("", {"lyrics": "la", "style": "lofi", "title": "x" * 81}, "title"),
        ("rain", {"continue_at": 3}, "continue_at"),
    ],
)
def test_what_kies_suno_has_no_words_for_is_refused(prompt: str, options: dict[str, object], about: str) -> None:
    draft = Draft("newapi", "suno", Kind.MUSIC, "suno-v5", prompt, options=options)
    with pytest.raises(Unfit) as caught:
        KIE.apis["suno"].first_step(Order(draft, Source("kie", "V5", "suno")))
    assert caught.value.about == about
