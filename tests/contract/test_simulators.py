"""The simulated upstream of each family that has a dialect: our provider is understood there, whatever goes wrong."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.upstreams import Pace, Settings
from local.upstreams.files import Files
from local.upstreams.jobs import Job, with_words
from local.upstreams.misbehave import Silence
from local.upstreams.paths import IMAGE_HOST
from local.upstreams.server import simulator_of
from relay.edge.wiring import catalog
from relay.families import provider
from relay.families.provider import Job as Asked
from relay.families.provider import Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft
from relay.nouns.errors import Refused, UnknownOutcome, Unreadable
from relay.nouns.task import Observation, Role, State
from relay.nouns.wire import Answer, Call, Inbound, Reply
from tests.contract.mirror import family_of, mirror_of
from tests.contract.test_mirror_law import mirrored
from tests.functional.network import PICTURE

KEY = "example-hmac"
SECONDS = 60.0


def answered(reply: Reply) -> Answer:
    return Answer(reply.status, reply.body, reply.headers)


@dataclass
class Upstream:
    """A simulated upstream of a family, and our provider asking it."""

    mirror_name: str
    now: list[float] = field(default_factory=lambda: [1_767_225_600.0])

    def __post_init__(self) -> None:
        clock = Settings(pace=Pace.every(SECONDS), webhook_key=KEY, limits_intake=False, clock=lambda: self.now[0])
        family = family_of(self.mirror_name)
        upstream = next(each for each in catalog().upstreams.values() if each.family == family)
        self.files = Files("https://files.example", clock.clock)
        self.simulator = simulator_of(upstream, clock, self.files)
        self.provider, self.mirror = provider(family), mirror_of(self.mirror_name)
        self.api = self.provider.apis[self.mirror.api]

    def submit(self, draft: Draft) -> Observation:
        order = Order(
            draft,
            Source(self.simulator.name, self.mirror.source_model or draft.model),
            draft.callback.url if draft.callback else None,
        )
        found = self.api.read_submit(self.send(self.api.write_submit(order)), order)
        assert isinstance(found, Observation)
        return found

    def query(self, upstream_task_id: str, label: str) -> Observation:
        return self.api.read_query(self.send(self.api.write_query(Asked(upstream_task_id, label))))

    def send(self, call: Call, home: str = "") -> Answer:
        way, key = self.provider.credential, self.simulator.settings.key(self.simulator.name)
        headers = {**call.headers, way.header: way.write(key, int(self.now[0]))}
        path, query = home + urlsplit(call.url).path, dict(parse_qsl(urlsplit(call.url).query))
        return answered(self.simulator.answer(Inbound(call.method, path, headers, {}, query, call.body)))

    def job(self, draft: Draft) -> Job:
        (job,) = self.simulator.jobs(with_words(draft).prompt)
        return job


@mirrored
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_what_our_provider_asks_is_made_by_the_clock_and_told(name: str, data: st.DataObject) -> None:
    draft, upstream = data.draw(mirror_of(name).drafts), Upstream(name)

    accepted = upstream.submit(draft)
    assert accepted.upstream_task_id is not None
    assert accepted == Observation(State.QUEUED, accepted.upstream_task_id)
    assert upstream.job(draft).order.callback_url == (draft.callback.url if draft.callback else None)
    upstream.now[0] += SECONDS / 2
    assert upstream.query(accepted.upstream_task_id, draft.platform).state is State.PROCESSING
    upstream.now[0] += SECONDS / 2
    ended = upstream.query(accepted.upstream_task_id, draft.platform)
    assert ended.state is State.SUCCEEDED
    assert [asset.url for asset in ended.assets if asset.role is Role.MAIN] == upstream.job(draft).urls
    assert len(ended.assets) >= draft.count or ended.facts


def first(name: str, more: str) -> Draft:
    """One of the requests both sides of a family speak, always the same, with a marker in its prompt."""
    found: list[Draft] = []

    @settings(deadline=None, max_examples=1, derandomize=True, database=None)
    @given(mirror_of(name).drafts)
    def draw(draft: Draft) -> None:
        found.append(draft)

    draw()
    return Draft(**{**{name: getattr(found[0], name) for name in Draft.__slots__}, "prompt": f"a cat {more}"})


@mirrored
def test_a_word_nobody_knows_is_told_as_asked_and_is_no_end(name: str) -> None:
    upstream, draft = Upstream(name), first(name, "[[query:unknown-status=1]]")
    job = upstream.submit(draft).upstream_task_id or ""
    strange, next_time = (upstream.query(job, draft.platform) for _ in range(2))
    assert strange.state not in (State.SUCCEEDED, State.FAILED)
    assert strange.unknown_word is not None
    assert next_time.unknown_word is None


@mirrored
def test_a_picture_that_is_uploaded_has_an_address_and_one_without_a_key_none(name: str) -> None:
    upstream = Upstream(name)
    if not (host := upstream.api.image_host):
        return
    call = host.write(f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}")
    url = host.read(upstream.send(call, IMAGE_HOST))
    assert upstream.files.kept(url) == PICTURE
    path = IMAGE_HOST + urlsplit(call.url).path
    with pytest.raises(Refused) as refused:
        host.read(answered(upstream.simulator.answer(Inbound("POST", path, call.headers, {}, {}, call.body))))
    assert refused.value.key


CERTAIN = ("rate-limit", "unauthorized", "refuse", "no-credits")
UNCERTAIN = ("http-502", "empty", "bad-json")


@mirrored
@pytest.mark.parametrize("fault", CERTAIN)
def test_a_refusal_is_a_certain_no_and_makes_no_job(name: str, fault: str) -> None:
    upstream = Upstream(name)
    with pytest.raises(Refused) as refused:
        upstream.submit(first(name, f"[[submit:{fault}]]"))
    assert upstream.simulator.jobs_created == 0
    assert refused.value.key == (fault in ("unauthorized", "no-credits"))
    assert (refused.value.wait is not None) == (fault == "rate-limit")


@mirrored
@pytest.mark.parametrize("fault", UNCERTAIN)
def test_nonsense_is_an_unknown_outcome(name: str, fault: str) -> None:
    with pytest.raises(UnknownOutcome):
        Upstream(name).submit(first(name, f"[[submit:{fault}]]"))


@mirrored
def test_a_lost_answer_leaves_a_job_and_a_silence_does_not(name: str) -> None:
    upstream = Upstream(name)
    for fault in ("lost-answer", "hang", "drop"):
        with pytest.raises(Silence):
            upstream.submit(first(name, f"[[submit:{fault}]]"))
    assert upstream.simulator.jobs_created == 1


@mirrored
@pytest.mark.parametrize("fault", ["not-found", "server-error", "error-in-200", "http-500", "empty"])
def test_a_query_that_fails_tells_nothing_of_the_job(name: str, fault: str) -> None:
    upstream, draft = Upstream(name), first(name, f"[[query:{fault}=1]]")
    job = upstream.submit(draft).upstream_task_id or ""
    with pytest.raises(Unreadable):
        upstream.query(job, draft.platform)
    assert upstream.query(job, draft.platform).upstream_task_id == job


@mirrored
@pytest.mark.parametrize("outcome", ["", "[[outcome:fail]]", "[[outcome:refuse]]"])
def test_a_callback_names_its_job_and_verifies(name: str, outcome: str) -> None:
    if not mirror_of(name).pushes:
        return
    upstream, draft = Upstream(name), first(name, outcome)
    job = upstream.submit(draft).upstream_task_id
    event, sign = upstream.simulator.events(upstream.job(draft))[-1], upstream.simulator.signer(upstream.job(draft))
    body, at = event.body(), int(event.at)
    told = Inbound("POST", "/", sign(body, at) if sign else {}, body=body)
    assert upstream.provider.read_callback(told, at, KEY if sign else None) == job
