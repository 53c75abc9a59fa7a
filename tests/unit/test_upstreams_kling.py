"""The simulated Kling takes what our provider asks, and only with a token of its key that is good now."""

from __future__ import annotations

import pytest

from local.upstreams import Pace, Settings
from local.upstreams.files import Files
from local.upstreams.server import simulator_of
from relay.edge.wiring import catalog
from relay.families.newapi.provider import PROVIDER
from relay.families.provider import Job, Order
from relay.nouns.catalog import Source
from relay.nouns.credential import CREDENTIALS
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Refused
from relay.nouns.task import Observation, State
from relay.nouns.wire import Answer, Call, Inbound

NOW = 1_767_225_600.0
DRAFT = Draft("newapi", "kling", Kind.VIDEO, "kling-v1", prompt="a cat", action="text2video", duration=5)
ORDER = Order(DRAFT, Source("kling", "kling-v1", "kling-direct"))
API = PROVIDER.apis["kling-direct"]


class Asked:
    def __init__(self) -> None:
        self.now = [NOW]
        settings = Settings(pace=Pace.every(60.0), clock=lambda: self.now[0])
        self.key = settings.key("kling")
        self.simulator = simulator_of(
            catalog().upstreams["kling"], settings, Files("https://files.example", settings.clock)
        )

    def send(self, call: Call, key: str = "", signed_at: float = 0.0) -> Answer:
        way = CREDENTIALS["kling-jwt"]
        headers = {**call.headers, way.header: way.write(key or self.key, int(signed_at or self.now[0]))}
        reply = self.simulator.answer(Inbound(call.method, call.url, headers, body=call.body))
        return Answer(reply.status, reply.body, reply.headers)


def test_what_our_provider_asks_is_made_and_told() -> None:
    asked = Asked()
    accepted = API.read_submit(asked.send(API.write_submit(ORDER)), ORDER)
    assert isinstance(accepted, Observation)
    asked.now[0] += 60.0
    done = API.read_query(asked.send(API.write_query(Job(accepted.upstream_task_id or "", "kling", "text2video"))))
    (job,) = asked.simulator.jobs("a cat")
    assert (done.state, [asset.url for asset in done.assets]) == (State.SUCCEEDED, job.urls)


@pytest.mark.parametrize(
    ("key", "signed_at"),
    [
        ("", NOW - 1801),
        ("", NOW + 60),
        ("ACCESS-EXAMPLE:another-secret-of-the-simulated-upstream", NOW),
        ("OTHER-EXAMPLE:secret-EXAMPLE-of-the-simulated-upstream", NOW),
    ],
)
def test_a_token_that_is_not_good_now_is_refused_in_klings_words(key: str, signed_at: float) -> None:
    asked = Asked()
    with pytest.raises(Refused) as refused:
        API.read_submit(asked.send(API.write_submit(ORDER), key, signed_at), ORDER)
    assert (refused.value.key, refused.value.upstream_code) == (True, "1002")
    assert asked.simulator.jobs_created == 0
