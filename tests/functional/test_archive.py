"""A result is announced once its copy can be read; links lead to our endpoint and are signed for each answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest

from relay.effects.outbound import Incoming
from relay.flow.archive import archive
from relay.flow.links import LINK_SECONDS
from relay.nouns.task import State
from relay.nouns.wire import Answer, Call
from tests.functional.archiving import URL, archiving_task, callbacks_about, finished_task, query_task, submit_task
from tests.functional.files_client import follow_link, object_key
from tests.functional.harness import Harness, harness
from tests.functional.network import PICTURE
from tests.functional.refusals import TABLES
from tests.samples import sample


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness(balance="1000", archive=True) as made:
        yield made


def pieces(body: bytes) -> Incoming:
    return Incoming(200, {"content-length": str(len(body))}, (body[at : at + 7000] for at in range(0, len(body), 7000)))


def lose_messages(here: Harness) -> None:
    for message in here.sqs.receive_message(QueueUrl=here.archive_url, MaxNumberOfMessages=10)["Messages"]:
        here.sqs.delete_message(QueueUrl=here.archive_url, ReceiptHandle=message["ReceiptHandle"])


def test_until_it_is_copied_a_task_is_processing_and_shows_nothing(here: Harness) -> None:
    document = query_task(here, archiving_task(here))

    assert (document["status"], "images" in document, URL in str(document)) == ("processing", False, False)


def test_until_it_is_copied_the_client_is_told_nothing(here: Harness) -> None:
    assert callbacks_about(here, archiving_task(here)) == []


def test_when_the_client_is_told_the_copy_can_be_read(here: Harness) -> None:
    readable = list[bytes]()

    def hear(call: Call) -> Answer:
        url = json.loads(call.body)["images"][0]["url"]
        readable.append(here.bytes_of(follow_link(here, url)[1]))
        return Answer(204)

    task_id = archiving_task(here)
    here.network.script["client"] = [hear]
    finished_task(here, task_id)

    assert readable == [PICTURE]


def test_a_copied_task_succeeds_and_is_paid_for(here: Harness) -> None:
    task_id = archiving_task(here)

    assert (finished_task(here, task_id).state, here.entries(task_id)) == (State.SUCCEEDED, ["capture", "reserve"])


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "gif"])
def test_the_copy_is_noted_as_what_it_is(here: Harness, extension: str) -> None:
    body = sample(extension)
    task_id = archiving_task(here, pieces(body))
    (asset,) = finished_task(here, task_id).assets

    assert asset.key == f"results/{here.account_id}/{task_id}-1.{extension}"
    assert (asset.size, asset.sha256) == (len(body), sha256(body).hexdigest())
    assert here.bytes_of(asset.key) == body


@pytest.mark.parametrize("extension", ["mp4", "webm", "mov"])
def test_a_film_is_copied_as_a_film(here: Harness, extension: str) -> None:
    task_id = archiving_task(here, pieces(sample(extension)), path="/api/kling/videos")
    (asset,) = finished_task(here, task_id).assets

    assert (asset.key or "").endswith(extension)
    assert asset.duration == 5
    assert query_task(here, task_id)["video"]["duration"] == 5


def test_a_large_result_is_copied_whole(here: Harness) -> None:
    body = sample("mp4") + b"x" * (9 << 20)
    task_id = archiving_task(here, pieces(body), path="/api/kling/videos")
    (asset,) = finished_task(here, task_id).assets

    assert (asset.size, sha256(here.bytes_of(asset.key or "")).hexdigest()) == (len(body), asset.sha256)


def test_every_result_is_copied_in_its_order(here: Harness) -> None:
    bodies = [sample("png"), sample("jpg"), sample("gif"), PICTURE]
    task_id = archiving_task(here, *map(pieces, bodies), urls=tuple(f"https://files.example/{n}" for n in range(4)))

    assert [here.bytes_of(asset.key or "") for asset in finished_task(here, task_id).assets] == bodies


def test_links_are_signed_anew_whenever_they_are_shown(here: Harness) -> None:
    task_id = archiving_task(here)
    finished_task(here, task_id)
    first = query_task(here, task_id)["images"][0]
    here.wait(60)
    second = query_task(here, task_id)["images"][0]

    assert first["url"] != second["url"]
    assert follow_link(here, first["url"]) == follow_link(here, second["url"])


def test_the_answer_says_until_when_its_links_work(here: Harness) -> None:
    task_id = archiving_task(here)
    finished_task(here, task_id)
    ends = datetime.fromisoformat(query_task(here, task_id)["images"][0]["expires_at"]).timestamp()

    assert ends == here.now[0] // 1000 + LINK_SECONDS


def test_no_task_row_holds_a_signed_link_or_the_providers(here: Harness) -> None:
    task_id = archiving_task(here)
    finished_task(here, task_id)
    client: Any = here.services.store.tasks.tables.client
    key = {"account_id": {"S": here.account_id}, "task_id": {"S": task_id}}
    row = str(client.get_item(TableName=TABLES[0], Key=key)["Item"])

    assert ("signature" in row, URL in row) == (False, False)


def test_the_callback_keeps_its_bytes_over_attempts(here: Harness) -> None:
    task_id = archiving_task(here)
    here.network.script["client"] = [Answer(500), Answer(500)]
    finished_task(here, task_id)

    bodies = callbacks_about(here, task_id)
    assert (len(bodies), len(set(bodies))) == (3, 1)
    assert follow_link(here, json.loads(bodies[0])["images"][0]["url"])[0] == 200


def test_a_duplicate_message_copies_nothing(here: Harness) -> None:
    task_id = archiving_task(here)
    looked = len(here.network.sent("file"))
    for _ in range(3):
        here.services.queues.archive(replace(here.task(task_id), copies=0))
    finished_task(here, task_id)

    assert len(here.network.sent("file")) - looked == 1


def test_a_message_for_an_ended_task_copies_nothing(here: Harness) -> None:
    task_id = archiving_task(here)
    ended = finished_task(here, task_id)
    looked = len(here.network.sent("file"))
    for attempt in range(4):
        archive(here.services, here.account_id, task_id, attempt)

    assert (len(here.network.sent("file")), here.task(task_id)) == (looked, ended)


def test_a_lost_message_is_sent_again_by_the_clock(here: Harness) -> None:
    task_id = archiving_task(here)
    lose_messages(here)

    assert finished_task(here, task_id).state is State.SUCCEEDED


def test_a_result_that_is_never_copied_in_time_gives_the_money_back(here: Harness) -> None:
    before = here.balance
    task_id = archiving_task(here)
    lose_messages(here)
    here.wait(4000)
    here.tick()

    assert (finished_task(here, task_id).state, here.balance) == (State.TIMEOUT, before)
    assert here.entries(task_id) == ["release", "reserve"]
    assert json.loads(callbacks_about(here, task_id)[0])["status"] == "timeout"


@pytest.mark.parametrize("state", ["failed", "processing", "succeeded"])
def test_what_an_upstream_says_while_we_copy_changes_nothing(here: Harness, state: str) -> None:
    here.run(60)  # the upstream takes only so many at once
    task_id = here.submit_kie_image()
    here.pump()
    job = list(here.network.jobs.values())[-1]
    job.state = "succeeded"
    assert here.callback(job)[0] == 200
    before = here.task(task_id)
    job.state, job.urls = state, ("https://files.example/other.png",)

    assert (here.callback(job)[0], here.task(task_id), before.state) == (200, before, State.STORING)


def test_a_look_of_the_clock_while_we_copy_asks_the_upstream_nothing(here: Harness) -> None:
    task_id = archiving_task(here)
    asked = len(here.network.sent("aistudio.query"))
    here.wait(1)
    here.tick()

    assert (len(here.network.sent("aistudio.query")), here.task(task_id).state) == (asked, State.STORING)


def test_without_archiving_the_providers_link_is_given(here: Harness) -> None:
    archiving, here.services = here.services, replace(here.services, archive=False)
    task_id, job = submit_task(here)
    job.state = "succeeded"
    finished_task(here, task_id)
    image = query_task(here, task_id)["images"][0]
    here.services = archiving

    assert image == {"url": URL}


def test_a_result_has_a_direct_link_that_needs_no_redirect(here: Harness) -> None:
    here.run(60)
    task_id = here.submit_kie_image()
    here.pump()
    list(here.network.jobs.values())[-1].state = "succeeded"
    finished_task(here, task_id)
    record = here.request("GET", f"/api/v1/gpt4o-image/record-info?taskId={task_id}")[1]
    (url,) = record["data"]["response"]["resultUrls"]
    here.wait(LINK_SECONDS + 60)
    status, document = here.post("/api/v1/gpt4o-image/download-url", {"taskId": task_id, "url": url})

    assert (status, follow_link(here, url)[0]) == (200, 404)
    assert object_key(document["data"]) == here.task(task_id).assets[0].key


def test_a_relay_behind_us_understands_what_we_show(here: Harness) -> None:
    task_id = archiving_task(here)
    finished_task(here, task_id)
    document = query_task(here, task_id)
    provider = here.services.provider("aistudio")
    assert provider is not None
    seen = provider.apis[""].read_query(Answer(200, json.dumps(document).encode()))

    assert [asset.url for asset in seen.assets] == [each["url"] for each in document["images"]]
