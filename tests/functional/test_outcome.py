"""What an outcome may be beside addresses of files: words, bytes inside the answer, files that come with a result."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from relay.flow.observe import observe
from relay.nouns.draft import Kind
from relay.nouns.money import nanos
from relay.nouns.task import Asset, Delivery, Observation, Role, State, Task
from relay.nouns.wire import Answer
from tests.functional.archiving import URL, finished_task
from tests.functional.aws_fakes import listening
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import Harness, harness
from tests.functional.network import CLIENT, PICTURE
from tests.functional.refusals import TABLES
from tests.samples import sample

LYRICS = {"text": "雨落在屋顶上\nrain on the roof", "title": "Rain", "seed": 7}
PRICE = nanos("0.18")  # of one KIE image
DEATHS = 4  # more writes than an outcome takes until its client is to be told


@pytest.fixture(params=[False, True], ids=["not archiving", "archiving"])
def here(request: pytest.FixtureRequest) -> Iterator[Harness]:
    with harness(archive=request.param) as made:
        yield made


def at_upstream(here: Harness, kind: Kind = Kind.IMAGE, **fields: Any) -> Task:
    """A task of this kind that an upstream has taken."""
    task_id = here.submit_kie_image(callBackUrl=CLIENT)
    here.pump()
    task = here.task(task_id)
    changed = replace(task, kind=kind, version=task.version + 1, **fields)
    assert here.services.store.tasks.save(task, changed)
    return changed


def facts_of(here: Harness, task: Task) -> object:
    return here.services.store.tasks.facts(here.account_id, task.task_id)


def row_of(here: Harness, task: Task) -> str:
    client: Any = here.services.store.tasks.tables.client
    key = {"account_id": {"S": here.account_id}, "task_id": {"S": task.task_id}}
    return str(client.get_item(TableName=TABLES[0], Key=key)["Item"])


def succeeded(*assets: Asset, **fields: Any) -> Observation:
    return Observation(State.SUCCEEDED, assets=assets, **fields)


def test_words_alone_are_a_result_that_is_paid_for_kept_and_told(here: Harness) -> None:
    task = at_upstream(here, Kind.TEXT)
    observe(here.services, task, succeeded(facts=LYRICS), "poll")
    ended = finished_task(here, task.task_id)

    assert (ended.state, ended.delivery, ended.assets) == (State.SUCCEEDED, Delivery.DONE, ())
    assert here.entries(task.task_id) == ["capture", "reserve"]
    assert (here.balance, here.drift) == (nanos(100) - PRICE, 0)
    assert facts_of(here, task) == LYRICS
    assert [json.loads(call.body)["code"] for call in here.told] == [200]


def test_words_without_the_picture_that_was_asked_for_give_the_money_back(here: Harness) -> None:
    task = at_upstream(here)
    observe(here.services, task, succeeded(facts=LYRICS), "poll")

    assert (finished_task(here, task.task_id).state, here.balance) == (State.FAILED, nanos(100))
    assert facts_of(here, task) == {}


def test_words_that_come_with_a_picture_are_kept_beside_it(here: Harness) -> None:
    task = at_upstream(here)
    observe(here.services, task, succeeded(Asset(URL), facts=LYRICS), "poll")
    ended = finished_task(here, task.task_id)

    assert (ended.state, len(ended.results), facts_of(here, task)) == (State.SUCCEEDED, 1, LYRICS)
    assert "roof" not in row_of(here, task)


def test_a_task_is_read_with_its_request_and_without_its_words(here: Harness) -> None:
    task = at_upstream(here, Kind.TEXT)
    observe(here.services, task, succeeded(facts=LYRICS), "poll")
    read = list[dict[str, Any]]()

    def noted(parsed: dict[str, Any], **_: object) -> None:
        read.extend(parsed["Items"])

    with listening(here.services.store.tasks.tables.client, "after-call.dynamodb.Query", noted):
        found = here.services.store.tasks.with_request(here.account_id, task.task_id)

    assert found is not None
    assert [item["task_id"]["S"] for item in read] == [task.task_id, f"{task.task_id}#request"]


def test_who_loses_the_race_keeps_no_words(here: Harness) -> None:
    task = at_upstream(here, Kind.TEXT)
    observe(here.services, task, Observation(State.FAILED), "callback")
    observe(here.services, task, succeeded(facts=LYRICS), "poll")

    assert (here.task(task.task_id).state, facts_of(here, task)) == (State.FAILED, {})


def test_what_was_reserved_and_not_used_goes_back(here: Harness) -> None:
    task = at_upstream(here, Kind.TEXT, unit_price=PRICE // 6)
    observe(here.services, task, succeeded(facts=LYRICS, usage=2), "poll")

    assert here.entries(task.task_id) == ["capture", "release", "reserve"]
    assert (here.balance, here.drift) == (nanos(100) - PRICE // 3, 0)


def test_a_film_that_became_shorter_costs_the_seconds_that_were_made(here: Harness) -> None:
    body = {"prompt": "a kite", "action": "text2video", "duration": 5}
    task_id = here.post("/api/kling/videos", body)[1]["task_id"]
    here.pump()
    task = here.task(task_id)
    film = Asset("", data=sample("mp4"))
    observe(here.services, task, succeeded(film, usage=3), "submit")

    assert here.entries(task_id) == ["capture", "release", "reserve"]
    assert (nanos(100) - here.balance, here.drift) == (task.price // 5 * 3, 0)


def test_a_picture_inside_the_answer_lies_in_the_bucket_when_the_task_has_succeeded(here: Harness) -> None:
    task = at_upstream(here)
    after = observe(here.services, task, succeeded(Asset("", data=PICTURE)), "submit")
    (asset,) = here.task(task.task_id).assets

    assert after.state is State.SUCCEEDED
    assert (asset.key, asset.size) == (f"results/{here.account_id}/{task.task_id}-1.png", len(PICTURE))
    assert (here.bytes_of(asset.key or ""), asset.sha256) == (PICTURE, sha256(PICTURE).hexdigest())
    assert here.network.sent("file") == []


def test_an_answer_may_hold_one_picture_and_link_another(here: Harness) -> None:
    task = at_upstream(here, most=2)
    observe(here.services, task, succeeded(Asset("", data=sample("gif")), Asset(URL)), "submit")
    assets = finished_task(here, task.task_id).assets

    assert here.bytes_of(assets[0].key or "") == sample("gif")
    assert assets[1].key is not None or assets[1].url == URL


@pytest.mark.parametrize("data", [b"<html>", b"", sample("mp3")], ids=["a page", "nothing", "a sound"])
def test_bytes_that_are_no_picture_give_the_money_back(here: Harness, data: bytes) -> None:
    task = at_upstream(here)
    observe(here.services, task, succeeded(Asset("", data=data)), "submit")
    ended = finished_task(here, task.task_id)

    assert (ended.state, here.balance, here.stored) == (State.FAILED, nanos(100), {})
    assert ended.fault is not None
    assert ended.fault.upstream_code == "RESULT_UNAVAILABLE"


@pytest.mark.parametrize("death", range(1, DEATHS))
def test_a_function_may_die_while_it_keeps_an_outcome(here: Harness, death: int) -> None:
    seen = succeeded(Asset("", data=PICTURE), facts=LYRICS)
    crashing = CrashingHarness.of(here, CrashPoint())
    task = at_upstream(crashing)
    crashing.crash_point.writes_left = death
    while not crashing.completes(lambda: observe(crashing.services, crashing.task(task.task_id), seen, "poll")):
        continue
    ended = finished_task(crashing, task.task_id)

    assert (ended.state, crashing.entries(task.task_id)) == (State.SUCCEEDED, ["capture", "reserve"])
    assert (facts_of(crashing, task), crashing.drift) == (LYRICS, 0)
    assert [crashing.bytes_of(asset.key or "") for asset in ended.assets] == [PICTURE]
    assert (len(crashing.stored), len({call.body for call in crashing.told})) == (1, 1)


@pytest.fixture
def archiving() -> Iterator[Harness]:
    with harness(archive=True) as made:
        yield made


def with_cover(here: Harness, *answers: Answer) -> Task:
    """A song that came with a cover, once both links have answered."""
    task = at_upstream(here, Kind.MUSIC)
    here.network.script["file"] = list(answers)
    cover = Asset("https://files.example/cover.png", role=Role.COVER, ref="clip-1")
    observe(here.services, task, succeeded(Asset("https://files.example/a.mp3"), cover), "poll")
    return finished_task(here, task.task_id)


def test_a_cover_is_copied_beside_its_song(archiving: Harness) -> None:
    song, cover = with_cover(archiving, Answer(200, sample("mp3")), Answer(200, PICTURE)).assets

    assert archiving.bytes_of(song.key or "") == sample("mp3")
    assert (archiving.bytes_of(cover.key or ""), cover.role, cover.ref) == (PICTURE, Role.COVER, "clip-1")


@pytest.mark.parametrize("answer", [Answer(404), Answer(200, sample("mp3"))], ids=["gone", "no picture"])
def test_a_cover_that_cannot_be_copied_does_not_cost_the_song(archiving: Harness, answer: Answer) -> None:
    ended = with_cover(archiving, Answer(200, sample("mp3")), answer)

    assert (ended.state, [asset.role for asset in ended.assets]) == (State.SUCCEEDED, [Role.MAIN])
