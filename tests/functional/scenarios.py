"""Every course a request, a job or a message can take, run once each, to record the rights the functions use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local.upstreams.jobs import Job
from relay.effects.outbound import NoAnswer
from relay.flow.subscriptions import subscribe
from relay.nouns.catalog import Intake
from relay.nouns.draft import Callback
from relay.nouns.money import nanos
from relay.nouns.plans import SubscriptionRequest
from relay.nouns.task import Delivery, State
from relay.nouns.wire import Answer, Call
from tests.functional.asking import begin, complete
from tests.functional.events_in import eventful_provider, tell
from tests.functional.holding import STREAMING, URL, Streamed
from tests.functional.model_calls import call_model
from tests.functional.network import CLIENT
from tests.functional.recorded_calls import RecordingHarness

DEADLINE = 900  # seconds an image is given
MONTH = 31 * 86_400
RESENT = 31  # seconds after which a message is taken for lost
KIE_IMAGE: dict[str, Any] = {"dialect": "kie", "platform": "gpt4o-image", "model": "gpt4o-image", "size": "1:1"}
VIDEO = {"action": "text2video", "prompt": "a cat", "duration": 5}
LOST = NoAnswer("ReadTimeout")
BAD_VALUE = Answer(400, b'{"success": false, "error": {"code": "INVALID_PARAMETER", "message": "?"}}')


def submit_with_callback(here: RecordingHarness) -> tuple[str, Job]:
    """A task at work at an upstream that calls back, and its job there."""
    task_id = here.submit_kie_image(callBackUrl=CLIENT)
    here.pump()
    return task_id, list(here.network.jobs.values())[-1]


def lose_messages(here: RecordingHarness) -> None:
    """Delete every queued message."""
    for url in (here.dispatch_url, here.deliver_url, here.archive_url, here.retry_url):
        here._drain(url, lambda message: None)


def a_request_is_repeated(here: RecordingHarness) -> None:
    how: dict[str, Any] = {"headers": {"idempotency-key": "order-1"}}
    first, again = (here.post("/api/kling/images", {"prompt": "a cat"}, **how) for _ in range(2))
    assert first[1]["task_id"] == again[1]["task_id"]


def a_task_is_taken_back(here: RecordingHarness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)
    assert here.post("/api/kling/tasks/cancel", {"task_id": task_id})[1]["cancelled"]
    assert here.post("/api/kling/tasks/delete", {"task_id": task_id})[1]["deleted"]


def a_task_waits_for_its_client(here: RecordingHarness) -> None:
    with here.at("submit"):
        task = begin(here)
        assert complete(here, task.task_id).state is State.PENDING


def a_subscription_is_renewed(here: RecordingHarness) -> None:
    here.services.store.accounts.top_up(here.account_id, "for-two-months", nanos("100"), here.now[0])
    subscribe(here.services, here.account_id, SubscriptionRequest("basic"))
    here.wait(MONTH)
    here.tick()
    here.pump()
    assert [each.number for each in here.services.store.subscriptions.invoices(here.account_id)] == [2, 1]


def a_model_is_called(here: RecordingHarness) -> None:
    here.hold_key("newapi")
    with here.at("stream"):
        assert call_model(here.services, here.network).cost > 0


def a_client_is_told_of_moves(here: RecordingHarness) -> None:
    with here.at("submit"):
        begin(here, asks=False, prompt="a cat", callback=Callback(CLIENT, moves=True), **KIE_IMAGE)
    here.pump()
    here.wait(2)
    here.pump()
    here.callback(list(here.network.jobs.values())[-1])
    here.wait(2)
    here.pump()
    assert [call.timeout for call in here.told] == [3.0, 3.0]
    here.speak(STREAMING)
    here.network.script["kie.submit"] = [Streamed([{"progress": 10}, {"urls": [URL]}]).incoming()]
    with here.at("submit"):
        begin(here, asks=False, callback=Callback(CLIENT, moves=True), platform="grok", model="grok-imagine")
    here.pump()
    here.pump()
    here.run(10)
    assert len(here.told) == 3  # the end was owed before its move was told


def a_video_is_continued(here: RecordingHarness) -> None:
    _, made = here.post("/api/kling/videos", VIDEO)
    here.pump()
    here.network.finish()
    here.run(10)
    status, _ = here.post("/api/kling/videos", VIDEO | {"action": "extend", "task_id": made["task_id"]})
    assert status == 200


def a_task_is_asked_for(here: RecordingHarness) -> None:
    task_id = here.submit_image()
    assert here.post("/api/kling/tasks", {"task_id": task_id})[1]["status"] == "pending"
    here.submit_image(client_ref="order 7")
    for wanted in ({"limit": 1}, {"task_ids": [task_id]}, {"client_ref": "order 7"}):
        assert len(here.post("/api/tasks/list", wanted)[1]["tasks"]) == 1
    task_id, job = submit_with_callback(here)
    job.state = "succeeded"
    here.callback(job)
    _, record = here.request("GET", f"/api/v1/gpt4o-image/record-info?taskId={task_id}")
    (url,) = record["data"]["response"]["resultUrls"]
    for link in ({"url": url}, {"url": url, "taskId": task_id}):
        assert here.post("/api/v1/gpt4o-image/download-url", link)[1]["data"] == url


def an_account_looks_at_itself(here: RecordingHarness) -> None:
    here.submit_image()
    assert here.post("/api/account/balance", {})[0] == 200
    assert here.post("/api/account/consumption", {})[0] == 200
    assert here.request("GET", "/v1/models")[0] == 200


def a_callback_ends_a_task(here: RecordingHarness) -> None:
    for outcome in ("succeeded", "failed"):
        task_id, job = submit_with_callback(here)
        job.state = outcome
        assert here.callback(job)[0] == 200
        assert here.task(task_id).state == outcome
        assert here.task(task_id).delivery is Delivery.OWED


def a_callback_is_not_confirmed(here: RecordingHarness) -> None:
    task_id, job = submit_with_callback(here)
    here.network.script["kie.query"] = [LOST]
    before = here.task(task_id).due_at or 0
    assert here.callback(job)[0] == 200
    assert (here.task(task_id).due_at or 0) < before


def a_callback_brings_a_lost_job(here: RecordingHarness) -> None:
    def cut_off(call: Call) -> Answer:
        here.network.ordinary("kie.submit", call)
        raise LOST

    here.network.script["kie.submit"] = [cut_off]
    task_id, job = submit_with_callback(here)
    assert here.task(task_id).sending
    here.callback(job)
    assert here.task(task_id).upstream_task_id == job.task_id


def a_callback_overtakes_the_answer(here: RecordingHarness) -> None:
    def overtaken(call: Call) -> Answer:
        answer = here.network.ordinary("kie.submit", call)
        here.network.finish()
        here.callback(here.network.jobs["kie-1"])
        return answer

    here.network.script["kie.submit"] = [overtaken]
    task_id, _ = submit_with_callback(here)
    assert here.task(task_id).learnt == "callback"


def a_callback_overtakes_the_clock(here: RecordingHarness) -> None:
    task_id, job = submit_with_callback(here)
    job.state = "succeeded"

    def overtaken(call: Call) -> Answer:
        here.callback(job)
        return here.network.ordinary("kie.query", call)

    here.network.script["kie.query"] = [overtaken]
    here.wait(61)
    here.tick()
    assert here.task(task_id).learnt == "callback"


def two_callbacks_meet(here: RecordingHarness) -> None:
    task_id, job = submit_with_callback(here)
    job.state = "succeeded"

    def meanwhile(call: Call) -> Answer:
        here.callback(job)
        return here.network.ordinary("kie.query", call)

    here.network.script["kie.query"] = [meanwhile]
    assert here.callback(job)[0] == 200
    assert here.entries(task_id) == ["capture", "reserve"]


def an_event_names_only_a_job(here: RecordingHarness) -> None:
    here.containers = {
        name: replace(services, providers=eventful_provider) for name, services in here.containers.items()
    }
    task_id, job = submit_with_callback(here)
    job.state = "succeeded"
    assert tell(here, {"job": job.task_id}) == 200
    assert here.task(task_id).learnt == "callback"


def an_upstream_is_full(here: RecordingHarness) -> None:
    at_work = here.containers["dispatch"]
    known = at_work.catalog.upstreams
    narrow = replace(at_work.catalog, upstreams={**known, "kie": replace(known["kie"], intake=Intake(1, 10))})
    here.containers["dispatch"] = replace(at_work, catalog=narrow)
    task_ids = [here.submit_kie_image() for _ in range(2)]
    here.pump()
    assert sorted(here.task(task_id).state for task_id in task_ids) == [State.PENDING, State.QUEUED]
    here.wait(12)
    here.pump()
    assert {here.task(task_id).state for task_id in task_ids} == {State.QUEUED}


def an_upstream_refuses(here: RecordingHarness) -> None:
    here.network.script["aistudio.submit"] = [BAD_VALUE]
    task_id = here.submit_image(callback_url=CLIENT)
    here.pump()
    assert here.entries(task_id) == ["release", "reserve"]


def another_upstream_takes_it(here: RecordingHarness) -> None:
    here.network.script["kie.submit"] = [Answer(200, b'{"code": 500, "msg": "down"}')]
    _, made = here.post("/api/grok/images", {"prompt": "a cat"})
    here.pump()
    assert here.task(made["task_id"]).upstream == "aistudio"


def a_submission_is_never_answered(here: RecordingHarness) -> None:
    here.network.script["aistudio.submit"] = [LOST]
    task_id = here.submit_image()
    here.pump()
    here.run(DEADLINE + 60, step=60)
    assert here.task(task_id).state is State.TIMEOUT


def a_generation_fails(here: RecordingHarness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish("failed")
    here.run(10)
    assert here.entries(task_id) == ["release", "reserve"]


def a_generation_never_ends(here: RecordingHarness) -> None:
    task_id = here.submit_image()
    here.pump()
    here.run(DEADLINE + 60, step=60)
    assert here.task(task_id).state is State.TIMEOUT


def messages_are_lost(here: RecordingHarness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)
    lose_messages(here)
    here.wait(RESENT)
    here.tick()
    assert here.pump()
    here.network.finish()
    here.wait(6)
    here.tick()
    lose_messages(here)
    here.wait(RESENT)
    here.tick()
    assert here.pump()
    assert here.task(task_id).delivery is Delivery.DONE


def a_client_does_not_hear_at_first(here: RecordingHarness) -> None:
    task_id = here.submit_image(callback_url=CLIENT)
    here.network.script["client"] = [Answer(500)]
    here.pump()
    here.network.finish()
    here.run(120)
    assert [here.task(task_id).deliveries, here.task(task_id).delivery] == [2, Delivery.DONE]


def a_receiver_hangs(here: RecordingHarness) -> None:
    def hangs(call: Call) -> Answer:
        here.wait(call.timeout)
        raise LOST

    here.network.script["client"] = [hangs]
    first = here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish()
    here.run(10)
    second = here.submit_image(callback_url=CLIENT)
    here.pump()
    here.network.finish()
    here.run(90)
    assert [call.timeout for call in here.told] == [15.0, 3.0, 3.0]
    assert {here.task(task_id).delivery for task_id in (first, second)} == {Delivery.DONE}


def the_clock_strikes(here: RecordingHarness) -> None:
    here.submit_image()
    assert here.sweep() == [0]


def the_books_are_audited(here: RecordingHarness) -> None:
    assert here.audit().accounts == 0  # one round, which began and ended


SCENARIOS: tuple[Callable[[RecordingHarness], None], ...] = (
    *(a_task_is_taken_back, a_model_is_called, a_subscription_is_renewed),
    *(a_task_waits_for_its_client, a_client_is_told_of_moves),
    *(a_request_is_repeated, a_video_is_continued, a_task_is_asked_for, an_account_looks_at_itself),
    *(a_callback_ends_a_task, a_callback_is_not_confirmed, a_callback_brings_a_lost_job),
    *(a_callback_overtakes_the_answer, a_callback_overtakes_the_clock, two_callbacks_meet),
    an_event_names_only_a_job,
    *(an_upstream_is_full, an_upstream_refuses, another_upstream_takes_it, a_submission_is_never_answered),
    *(a_generation_fails, a_generation_never_ends, messages_are_lost, a_client_does_not_hear_at_first),
    *(a_receiver_hangs, the_clock_strikes, the_books_are_audited),
)
