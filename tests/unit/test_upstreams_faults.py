"""Every fault does what it says, at the endpoint it names, as often as it was asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from local.upstreams import Pace, Settings, UnknownFault, Upstreams
from local.upstreams.callbacks import FORGED_URL
from local.upstreams.inbox import Inbox

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])

API = "gpt4o-image"
SETTINGS = Settings(
    pace=Pace.every(0.02),
    callback_retries=(0.02, 0.02, 0.02),
    queries_per_second=None,
    limits_intake=False,
    hang_seconds=0.1,
)
AUTH = {"Authorization": f"Bearer {SETTINGS.key('kie')}"}


@pytest.fixture(scope="module")
def server() -> Iterator[Upstreams]:
    with Upstreams(SETTINGS) as running:
        yield running


@pytest.fixture
def upstreams(server: Upstreams) -> Iterator[Upstreams]:
    yield server
    server["kie"].faults.clear()


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with Inbox() as box:
        yield box


def create(upstreams: Upstreams, prompt: str, callback: str | None = None, timeout: float = 5) -> requests.Response:
    body = {"prompt": prompt, "size": "1:1", "callBackUrl": callback}
    url = f"{upstreams.urls['kie']}/api/v1/{API}/generate"
    return requests.post(url, json=body, headers=AUTH, timeout=timeout)


def accepted(upstreams: Upstreams, prompt: str, callback: str | None = None) -> str:
    return str(create(upstreams, prompt, callback).json()["data"]["taskId"])


def query(upstreams: Upstreams, task_id: str) -> requests.Response:
    url = f"{upstreams.urls['kie']}/api/v1/{API}/record-info"
    return requests.get(url, params={"taskId": task_id}, headers=AUTH, timeout=5)


def ended(upstreams: Upstreams, task_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        record: dict[str, Any] = query(upstreams, task_id).json()["data"]
        if record["successFlag"] != 0:
            return record
        time.sleep(0.01)
    raise AssertionError("the job did not end")


SUBMIT = [
    ("rate-limit", 429, 429),
    ("server-error", 500, 500),
    ("error-in-200", 200, 500),
    ("unauthorized", 200, 401),
    ("no-credits", 200, 402),
    ("maintenance", 200, 455),
    ("queue-full", 200, 550),
    ("refuse", 200, 400),
    ("http-500", 500, None),
    ("http-502", 502, None),
    ("empty", 200, None),
    ("bad-json", 200, None),
    ("hang", 504, None),
]


@pytest.mark.parametrize(("fault", "status", "code"), SUBMIT)
def test_each_submit_fault_answers_as_told_and_makes_no_job(
    upstreams: Upstreams, fault: str, status: int, code: int | None
) -> None:
    prompt = f"told {fault}"
    upstreams["kie"].faults.plan("submit", [fault])
    answer = create(upstreams, prompt)
    assert answer.status_code == status
    if code is None:
        with pytest.raises(requests.JSONDecodeError):
            answer.json()
    else:
        assert answer.json()["code"] == code
    assert (upstreams["kie"].submissions(prompt), len(upstreams["kie"].jobs(prompt))) == (1, 0)
    assert create(upstreams, prompt).json()["code"] == 200


@pytest.mark.parametrize(("fault", "jobs"), [("lost-answer", 1), ("drop", 0), ("lost-answer-hang=9", 1), ("hang=9", 0)])
def test_a_lost_answer_leaves_a_job_and_a_lost_request_does_not(upstreams: Upstreams, fault: str, jobs: int) -> None:
    prompt = f"silence [[submit:{fault}]]"
    with pytest.raises((requests.ConnectionError, requests.Timeout)):
        create(upstreams, prompt, timeout=0.2)
    assert len(upstreams["kie"].jobs(prompt)) == jobs


QUERIES = [
    ("rate-limit", 429, 429),
    ("server-error", 500, 500),
    ("error-in-200", 200, 500),
    ("unauthorized", 200, 401),
    ("not-found", 200, 422),
    ("http-500", 500, None),
    ("http-502", 502, None),
    ("empty", 200, None),
    ("bad-json", 200, None),
    ("hang=0.05", 504, None),
]


@pytest.mark.parametrize(("fault", "status", "code"), QUERIES)
def test_each_query_fault_strikes_and_passes(upstreams: Upstreams, fault: str, status: int, code: int | None) -> None:
    task_id = accepted(upstreams, "to ask for")
    upstreams["kie"].faults.plan("query", [fault])
    answer = query(upstreams, task_id)
    assert answer.status_code == status
    if code is not None:
        assert answer.json()["code"] == code
    assert query(upstreams, task_id).json()["code"] == 200


def at_a_told_time(clock: list[float]) -> Upstreams:
    return Upstreams(Settings(pace=Pace.every(1.0), clock=lambda: clock[0], queries_per_second=None))


def test_a_job_can_never_end_or_take_longer() -> None:
    clock = [1000.0]
    with at_a_told_time(clock) as upstreams:
        never, slow = accepted(upstreams, "[[never]]"), accepted(upstreams, "[[slow=30]]")
        clock[0] += 29.0
        assert query(upstreams, slow).json()["data"]["status"] == "GENERATING"
        clock[0] += 2.0
        assert query(upstreams, slow).json()["data"]["status"] == "SUCCESS"
        clock[0] += 1e6
        assert query(upstreams, never).json()["data"]["status"] == "GENERATING"


def told_with(upstreams: Upstreams, inbox: Inbox, fault: str, count: int) -> list[Any]:
    accepted(upstreams, f"p [[callback:{fault}]]", inbox.url)
    posts = inbox.wait(count)
    time.sleep(0.05)
    assert len(inbox.posts) == count
    return posts


def test_a_callback_can_be_lost(upstreams: Upstreams, inbox: Inbox) -> None:
    told_with(upstreams, inbox, "lost", 0)


def test_a_callback_can_come_several_times(upstreams: Upstreams, inbox: Inbox) -> None:
    posts = told_with(upstreams, inbox, "duplicate=4", 4)
    assert len({post.raw for post in posts}) == 1


def test_a_callback_can_be_late_unsigned_or_stale(upstreams: Upstreams, inbox: Inbox) -> None:
    started = time.monotonic()
    told_with(upstreams, inbox, "delay=0.1", 1)
    assert time.monotonic() - started > 0.1
    assert "x-webhook-signature" not in told_with(upstreams, inbox, "unsigned", 2)[1].headers
    stale = told_with(upstreams, inbox, "stale", 3)[2]
    assert time.time() - int(stale.headers["x-webhook-timestamp"]) > 3000


def test_forged_callbacks_come_before_the_true_one_with_a_stale_signature(upstreams: Upstreams, inbox: Inbox) -> None:
    forged, failure, genuine = told_with(upstreams, inbox, "forged", 3)
    assert FORGED_URL in str(forged.body)
    assert failure.body["code"] == 500
    assert int(genuine.headers["x-webhook-timestamp"]) - int(forged.headers["x-webhook-timestamp"]) > 3000


def test_a_tampered_callback_carries_the_true_ones_signature(upstreams: Upstreams, inbox: Inbox) -> None:
    genuine, forged, _ = told_with(upstreams, inbox, "tampered", 3)
    assert forged.headers["x-webhook-signature"] == genuine.headers["x-webhook-signature"]
    assert FORGED_URL in str(forged.body)


def test_a_callback_nobody_takes_is_sent_four_times(upstreams: Upstreams, inbox: Inbox) -> None:
    inbox.answers.extend([500, 302, 404, 500])
    told_with(upstreams, inbox, "delay=0", 4)


def link_of(upstreams: Upstreams, fault: str) -> str:
    task_id = accepted(upstreams, f"p [[file:{fault}]]")
    return str(ended(upstreams, task_id)["response"]["resultUrls"][0])


def test_result_links_can_be_dead_busy_html_or_break(upstreams: Upstreams) -> None:
    assert requests.get(link_of(upstreams, "dead"), timeout=5).status_code == 404
    busy = link_of(upstreams, "busy=1")
    assert [requests.get(busy, timeout=5).status_code for _ in range(2)] == [503, 200]
    assert requests.get(link_of(upstreams, "html"), timeout=5).headers["content-type"].startswith("text/html")
    cut = link_of(upstreams, "cut")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        requests.get(cut, timeout=5)


def test_result_links_die_when_told_and_else_when_the_settings_say() -> None:
    clock = [1000.0]
    with at_a_told_time(clock) as upstreams:
        tasks = [accepted(upstreams, "p [[file:dies=60]]"), accepted(upstreams, "p")]
        clock[0] += 30.0
        links = [ended(upstreams, task)["response"]["resultUrls"][0] for task in tasks]
        assert [requests.head(link, timeout=5).status_code for link in links] == [200, 200]
        clock[0] += 40.0
        assert [requests.head(link, timeout=5).status_code for link in links] == [404, 200]
        clock[0] += upstreams.settings.links_live
        assert [requests.head(link, timeout=5).status_code for link in links] == [404, 404]


def test_a_marker_that_names_an_endpoint_but_no_fault_is_refused(upstreams: Upstreams) -> None:
    answer = create(upstreams, "[[submit:explode]]").json()
    assert answer["code"] == 400
    assert "explode" in answer["msg"]
    assert create(upstreams, "[[aistudio/hang]] [[wiki]]").json()["code"] == 200
    with pytest.raises(UnknownFault):
        upstreams["kie"].faults.plan("submit", ["explode"])


def test_closing_takes_less_than_a_second_whatever_hangs() -> None:
    upstreams = Upstreams(Settings())
    with pytest.raises(requests.Timeout):
        create(upstreams, "[[hang]]", timeout=0.1)
    accepted(upstreams, "p [[never]]", "http://127.0.0.1:9/nobody")
    started = time.monotonic()
    upstreams.close()
    assert time.monotonic() - started < 1.0
