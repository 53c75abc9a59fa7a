"""The relay as its clients meet it: over HTTP, through the functions, queues and poller as the template has them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import requests
from openai import OpenAI
from standardwebhooks import Webhook

from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox
from relay.edge.wiring import catalog
from relay.nouns.draft import Kind
from relay.nouns.money import nanos
from relay.nouns.signing import verify_id
from relay.nouns.task import Delivery, State
from tests.e2e.tenant import KIE, PATIENCE, Tenant

pytestmark = pytest.mark.stack

OFFERS = [(name, kind) for name, offers in catalog().menus["aistudio"].items() for kind in offers]
SEGMENT = {Kind.IMAGE: "images", Kind.VIDEO: "videos", Kind.MUSIC: "music"}


def body_for(kind: Kind) -> dict[str, object]:
    more: dict[str, object] = {"action": "text2video", "duration": 5} if kind is Kind.VIDEO else {}
    return {"prompt": f"a {kind} of the sea", **more}


@dataclass
class Sold:
    """One task of everything that is sold, submitted together and ended together."""

    tenant: Tenant
    tasks: dict[tuple[str, Kind], str]
    kie: str
    refused: str


@pytest.fixture(scope="module")
def film(relay: LocalRelay, inbox: Inbox) -> Iterator[tuple[OpenAI, str]]:
    """A published client, and the video that is being made for it."""
    with OpenAI(api_key=Tenant.of(relay, inbox).account.api_key, base_url=f"{relay.url}/v1", max_retries=0) as client:
        with pytest.deprecated_call():
            video = client.videos.create(model="sora-2-pro", prompt="a paper boat")
        yield client, video.id


@pytest.fixture(scope="module")
def sold(relay: LocalRelay, inbox: Inbox, film: tuple[OpenAI, str]) -> Sold:
    tenant = Tenant.of(relay, inbox)
    tasks = {(name, kind): tenant.create(f"/api/{name}/{SEGMENT[kind]}", **body_for(kind)) for name, kind in OFFERS}
    kie = tenant.create_kie(prompt="a paper boat", nVariants=2)
    refused = tenant.create("/api/grok/images", prompt="not this [[kie/outcome:refuse]]")
    for task_id in (*tasks.values(), kie, refused):
        tenant.ended(task_id)
    return Sold(tenant, tasks, kie, refused)


MEDIA = {Kind.IMAGE: "image", Kind.VIDEO: "video", Kind.MUSIC: "audio"}


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer[0]}-{offer[1]}")
def test_every_platform_makes_what_it_sells(sold: Sold, offer: tuple[str, Kind]) -> None:
    status = sold.tenant.post(f"/api/{offer[0]}/tasks", {"task_id": sold.tasks[offer]})
    assert status["status"] == "succeeded", status


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: f"{offer[0]}-{offer[1]}")
def test_every_result_can_be_fetched(sold: Sold, offer: tuple[str, Kind]) -> None:
    status = sold.tenant.post(f"/api/{offer[0]}/tasks", {"task_id": sold.tasks[offer]})
    results = status.get("images") or status.get("music") or [status["video"]]
    for result in results:
        answer = requests.get(result["url"], timeout=10)
        assert (answer.status_code, answer.headers["content-type"].split("/")[0]) == (200, MEDIA[offer[1]])


def test_a_poll_only_upstream_is_learnt_by_the_deployed_poller(sold: Sold) -> None:
    task = sold.tenant.task(sold.tasks["kling", Kind.VIDEO])
    assert (task.upstream, task.learnt) == ("aistudio", "poll")


def test_an_upstream_that_calls_back_is_learnt_by_callback(sold: Sold) -> None:
    task = sold.tenant.task(sold.tasks["grok", Kind.IMAGE])
    assert (task.upstream, task.learnt) == ("kie", "callback")


def test_music_survives_callbacks_in_three_stages(sold: Sold) -> None:
    task = sold.tenant.task(sold.tasks["suno", Kind.MUSIC])
    assert (task.upstream, task.state, len(sold.tenant.told(task.task_id))) == ("kie", State.SUCCEEDED, 1)


def test_kie_clients_get_all_variants_in_kie_words(sold: Sold) -> None:
    record = sold.tenant.send("GET", f"{KIE}/record-info?taskId={sold.kie}").json()["data"]
    assert (record["successFlag"], len(record["response"]["resultUrls"])) == (1, 2)


def test_a_refused_task_gives_the_money_back(sold: Sold) -> None:
    assert sold.tenant.task(sold.refused).state is State.FAILED
    assert sold.tenant.entries(sold.refused) == ["release", "reserve"]


def test_every_success_is_charged_once(sold: Sold) -> None:
    charged = [sold.tenant.entries(task_id) for task_id in (*sold.tasks.values(), sold.kie)]
    assert charged == [["capture", "reserve"]] * len(charged)


def test_the_balance_is_what_was_paid_in_less_what_was_made(sold: Sold) -> None:
    made = [sold.tenant.task(task_id).price for task_id in (*sold.tasks.values(), sold.kie)]
    assert sold.tenant.balance == nanos("100") - sum(made)
    assert sold.tenant.drift == 0


def test_every_client_is_told_once(sold: Sold) -> None:
    posts = [len(sold.tenant.told(task_id)) for task_id in (*sold.tasks.values(), sold.kie, sold.refused)]
    assert posts == [1] * len(posts)


def test_callbacks_verify_with_the_published_verifier(sold: Sold) -> None:
    for task_id in (*sold.tasks.values(), sold.kie, sold.refused):
        (post,) = sold.tenant.told(task_id)
        Webhook(sold.tenant.account.webhook_secret).verify(post.raw, dict(post.headers))


def test_callbacks_in_kie_words_verify_as_kie_signs(sold: Sold) -> None:
    (post,) = sold.tenant.told(sold.kie)
    stamp, signature = post.headers["x-webhook-timestamp"], post.headers["x-webhook-signature"]
    assert verify_id(sold.tenant.account.webhook_secret, post.body["data"]["taskId"], stamp, signature, int(stamp))


def test_a_video_can_be_extended(sold: Sold) -> None:
    parent = sold.tasks["kling", Kind.VIDEO]
    task_id = sold.tenant.create("/api/kling/videos", action="extend", prompt="and then", task_id=parent)
    assert sold.tenant.ended(task_id).state is State.SUCCEEDED


@pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")
def test_an_openai_client_downloads_and_remixes_its_video(sold: Sold, film: tuple[OpenAI, str]) -> None:
    client, video_id = film
    video = client.videos.poll(video_id, poll_interval_ms=200)
    assert (video.status, video.seconds) == ("completed", "4")
    assert client.videos.download_content(video.id).read()[4:8] == b"ftyp"
    assert client.videos.remix(video.id, prompt="at night").remixed_from_video_id == video.id


def test_another_tenants_task_is_not_found(sold: Sold, tenant: Tenant) -> None:
    answer = tenant.send("POST", "/api/kling/tasks", json={"task_id": sold.tasks["kling", Kind.IMAGE]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "TASK_NOT_FOUND")


def test_another_tenants_task_is_not_found_in_kie_words(sold: Sold, tenant: Tenant) -> None:
    answer = tenant.send("GET", f"{KIE}/record-info?taskId={sold.kie}").json()
    assert answer == tenant.send("GET", f"{KIE}/record-info?taskId={'0' * 36}").json()


def test_an_idempotency_key_sent_twenty_times_at_once_makes_one_task(tenant: Tenant) -> None:
    def create(_: int) -> str:
        body = {"prompt": "once"}
        return str(tenant.post("/api/krea/images", body, **{"idempotency-key": "only-one"})["task_id"])

    with ThreadPoolExecutor(20) as threads:
        made = set(threads.map(create, range(20)))
    (task_id,) = made
    assert tenant.balance == nanos("100") - tenant.task(task_id).price
    assert tenant.drift == 0


def test_a_path_nobody_knows_is_refused_in_the_relays_words(tenant: Tenant) -> None:
    answer = tenant.send("POST", "/api/kling/sculptures", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


def test_a_wrong_method_is_told_the_right_one(tenant: Tenant) -> None:
    answer = tenant.send("GET", "/api/kling/images")
    assert (answer.status_code, answer.headers["allow"]) == (404, "POST")


def test_a_path_nobody_knows_is_refused_in_kie_words(tenant: Tenant) -> None:
    answer = tenant.send("GET", f"{KIE}/sculptures")
    assert answer.json()["code"] == 404


def test_a_body_of_more_than_10_mb_is_refused_by_the_gateway(tenant: Tenant) -> None:
    answer = tenant.send("POST", "/api/kling/images", data=b" " * (10 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})


def test_a_body_of_more_than_a_function_takes_is_refused(tenant: Tenant) -> None:
    answer = tenant.send("POST", "/api/kling/images", data=b" " * (7 * 1024 * 1024))
    assert answer.status_code == 413


def test_a_client_that_is_down_is_told_later(tenant: Tenant, inbox: Inbox) -> None:
    """The first retry comes after a minute, so what is seen here is that it is owed and has its hour."""
    with Inbox() as down:
        down.answers.extend([503])
        tenant.inbox = down
        task_id = tenant.create("/api/grok/images", prompt="told later")
        down.wait(1, PATIENCE)
        assert tenant.task(task_id).delivery is Delivery.OWED
