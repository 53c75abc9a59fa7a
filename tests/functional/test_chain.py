"""A relay as its own upstream: a request passes through it three times, each time in the words of another family."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from relay.nouns.catalog import Catalog, Model, Offer
from relay.nouns.draft import Kind
from relay.nouns.money import nanos
from relay.nouns.wire import Answer, Call
from tests.axes import table
from tests.functional.harness import KEY, Harness, harness
from tests.functional.network import CATALOG, URLS, Network

ITSELF = (f"{URLS['newapi']}/", f"{URLS['kie']}/")
ASKED = {"prompt": "a kite", "action": "text2video", "duration": 5, "aspect_ratio": "9:16"}


@dataclass
class Chained(Network):
    """The network where the aggregator and KIE are the relay itself; the last upstream is simulated."""

    here: Harness | None = None

    def send(self, call: Call) -> Answer:
        if self.here is None or not call.url.startswith(ITSELF):
            return super().send(call)
        self.calls.append((self._what(call), call))
        url, headers = urlsplit(call.url), {name.lower(): value for name, value in call.headers.items()}
        path = f"{url.path}?{url.query}" if url.query else url.path
        status, document, told = self.here.exchange(call.method, path, key=None, headers=headers, raw=call.body)
        return Answer(status, json.dumps(document).encode(), told)


def chained_catalog() -> Catalog:
    """aistudio's clients are served by the aggregator, its clients by KIE, and KIE's clients by aistudio."""
    kling, menus = CATALOG.models["kling-3.0"], dict(CATALOG.menus)
    models = dict[str, Model](CATALOG.models)
    steps = (("aistudio", "kling", "kling-3.0", "newapi"), ("newapi", "kling", "kling-v3", "kie"))
    for dialect, platform, said, upstream in (*steps, ("kie", "market", "kling-3.0/video", "aistudio")):
        sources = tuple(each for each in kling.sources if each.upstream == upstream)
        models[f"by {upstream}"] = made = replace(kling, name=f"by {upstream}", sources=sources)
        menus[dialect] = {**menus[dialect], platform: {Kind.VIDEO: Offer(said, {said: made}, ("text2video",))}}
    return replace(CATALOG, models=models, menus=menus, utc_offset=8)


@pytest.fixture(scope="module")
def here() -> Iterator[Harness]:
    with harness() as made:
        network = Chained(lambda: made.now[0] / 1000, here=made)
        made.network, made.services = network, replace(made.services, http=network, catalog=chained_catalog())
        made.switch_on("newapi", "kie", "aistudio")
        made.secrets.values |= {f"upstreams/{name}/key": KEY for name in ("newapi", "kie")}
        yield made


def sent(here: Harness, upstream: str) -> dict[str, Any]:
    (call,) = here.network.sent(f"{upstream}.submit")
    body: dict[str, Any] = json.loads(call.body)
    return {**body, **body.get("input", {})}


@table(
    "ends, says, paid",
    [("succeeded", "https://files.example/a.mp4", "9.00"), ("failed", "GENERATION_FAILED", "0")],
)
def test_a_video_and_its_end_pass_through_three_families(here: Harness, ends: str, says: str, paid: str) -> None:
    here.network.calls.clear()
    before = here.balance
    task_id = here.post("/api/kling/videos", ASKED)[1]["task_id"]
    here.run(30)
    (last,) = (job for job in here.network.jobs.values() if job.state == "processing")
    assert (sent(here, "newapi")["model_name"], sent(here, "newapi")["duration"]) == ("kling-v3", "5")
    assert (sent(here, "kie")["model"], sent(here, "kie")["aspect_ratio"]) == ("kling-3.0/video", "9:16")
    assert (sent(here, "aistudio")["duration"], sent(here, "aistudio")["aspect_ratio"]) == (5, "9:16")
    last.state = ends
    here.run(300, step=10)
    told = here.post("/api/kling/tasks", {"task_id": task_id})[1]
    assert (told["status"], says in json.dumps(told)) == (ends, True)
    assert (before - here.balance, here.drift) == (nanos(paid), 0)
