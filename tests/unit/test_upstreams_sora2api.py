"""The simulated Sora2API server's streams over a real connection, read as the hold worker reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from local.upstreams import Pace, Settings, Upstreams
from relay.effects.outbound import NoAnswer, Outbound
from relay.families import provider
from relay.families.provider import Order
from relay.nouns.catalog import Source
from relay.nouns.draft import Draft, Kind
from relay.nouns.errors import Refused
from relay.nouns.task import Observation, State

API = provider("sora2api").apis["chat"]


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    with Upstreams(Settings(pace=Pace.every(0.05))) as made:
        yield made


def read(upstreams: Upstreams, prompt: str, seconds: float = 5.0) -> list[Observation]:
    draft = Draft("sora2api", "sora2", Kind.VIDEO, "sora2", prompt, "text2video", ratio="16:9", duration=10)
    call = API.first_step(Order(draft, Source("sora2api", "sora2", "chat"))).call
    headers = {**call.headers, "authorization": f"Bearer {upstreams.settings.key('sora2api')}"}
    sent = replace(call, url=upstreams.urls["sora2api"] + call.url, headers=headers, timeout=seconds)
    with Outbound("loopback").stream(sent) as incoming:
        assert incoming.status == 200
        return list(API.read_stream(incoming.chunks))


def test_a_film_comes_line_by_line(upstreams: Upstreams) -> None:
    *before, last = read(upstreams, "a boat")
    assert [seen.progress for seen in before] == [20.0, 40.0, 60.0, 80.0]
    assert (last.state, len(last.assets)) == (State.SUCCEEDED, 1)


@pytest.mark.parametrize("fault", ["cut", "endless"])
def test_a_stream_that_breaks_off_or_never_ends_is_no_answer(upstreams: Upstreams, fault: str) -> None:
    with pytest.raises(NoAnswer):
        read(upstreams, f"a boat [[stream:{fault}]]", seconds=0.5)


def test_a_page_has_no_outcome_and_a_failure_that_looks_like_a_success_is_a_refusal(upstreams: Upstreams) -> None:
    assert read(upstreams, "a boat [[stream:html]]") == []
    with pytest.raises(Refused):
        read(upstreams, "a boat [[stream:busy]]")
