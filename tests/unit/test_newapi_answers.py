"""Every answer met of an aggregator's APIs, as our providers read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from relay.families.newapi.provider import PROVIDER
from relay.nouns.errors import BadInput, Refused, UnknownOutcome, Unreadable
from relay.nouns.task import Asset, Observation, State
from relay.nouns.wire import Answer, Inbound
from tests.unit.asking import submitted

FIXTURES = Path(__file__).parents[1] / "fixtures/newapi"
APIS = ("video", "kling", "generations")
SAID: dict[str, Any] = {api: json.loads((FIXTURES / f"{api}.json").read_text("utf-8")) for api in APIS}


def rows(section: str) -> pytest.MarkDecorator:
    """What each API's fixtures hold of a sort, with the API that is to read it."""
    found = [
        pytest.param(api, said, id=f"{api} {name}") for api in APIS for name, said in SAID[api].get(section, {}).items()
    ]
    return pytest.mark.parametrize(("api", "said"), found)


def answer(document: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode(), {"retry-after": "9"})


@rows("submits")
def test_a_job_is_accepted_under_its_id_wherever_that_stands(api: str, said: Any) -> None:
    assert submitted(PROVIDER.apis[api], answer(said["answer"])) == Observation(State.QUEUED, said["id"])


@rows("refusals")
def test_a_refusal_is_read_by_its_status_and_code(api: str, said: Any) -> None:
    with pytest.raises(Refused) as caught:
        submitted(PROVIDER.apis[api], answer(said["answer"], said["status"]))
    refused = caught.value
    assert (refused.elsewhere, refused.key, refused.task_code) == (said["elsewhere"], said["key"], said["task_code"])
    assert refused.wait == (9 if said.get("waits") else None)


@rows("unknown")
def test_what_may_hide_a_job_is_no_refusal(api: str, said: Any) -> None:
    with pytest.raises(UnknownOutcome):
        submitted(PROVIDER.apis[api], answer(said["answer"], said["status"]))


@rows("queries")
def test_every_spelling_of_how_a_job_stands_is_read(api: str, said: Any) -> None:
    seen = PROVIDER.apis[api].read_query(answer(said["answer"]))
    assert seen.state == said["state"]
    assert seen.assets == tuple(Asset(**asset) for asset in said.get("assets", []))
    fault = [seen.fault.code, seen.fault.words, seen.fault.upstream_code] if seen.fault else None
    assert fault == said.get("fault")
    assert seen.unknown_word == said.get("unknown")
    assert seen.progress == said.get("progress", 100 if seen.state is State.SUCCEEDED else 0)


@pytest.mark.parametrize("api", APIS)
def test_an_answer_that_says_nothing_of_the_job_is_unreadable(api: str) -> None:
    read: list[object] = []
    for status, body in (
        (200, {}),
        (200, {"status": 7}),
        (200, []),
        (404, {"status": "failed"}),
        (500, {"status": "completed"}),
        (200, {"code": 1203, "message": "no such task", "data": None}),
        (200, {"code": "task_not_exist", "message": "", "data": None}),
    ):
        try:
            read.append((status, body, PROVIDER.apis[api].read_query(answer(body, status))))
        except Unreadable:
            continue
    assert read == []


@rows("callbacks")
def test_a_callback_names_its_job_and_nothing_else_of_it_is_read(api: str, said: Any) -> None:
    assert PROVIDER.read_callback(Inbound("POST", "/", body=json.dumps(said["body"]).encode()), 0, None) == said["id"]


def test_a_callback_that_cannot_be_read_is_bad_input() -> None:
    with pytest.raises(BadInput):
        PROVIDER.read_callback(Inbound("POST", "/", body=b"<html>"), 0, None)


def test_an_uploaded_picture_has_its_address_in_either_place() -> None:
    host = PROVIDER.apis["kling"].image_host
    said = json.loads((FIXTURES / "image_host.json").read_text("utf-8"))
    assert host is not None
    assert {host.read(answer(said[name])) for name in ("plain", "inside")} == {"https://host.example/a.png"}
    with pytest.raises(Refused) as refused:
        host.read(answer(said["refused"], 413))
    assert (refused.value.elsewhere, refused.value.words) == (True, said["refused"]["message"])
