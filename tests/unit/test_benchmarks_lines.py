"""What the benchmark of open lines counts by: whole requests, goals beside another gateway, and dollars."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.lines import costs
from benchmarks.lines.costs import Chat, Kept
from benchmarks.lines.gateways import LITELLM_NAME, OURS_NAME, Gateway
from benchmarks.lines.rounds import Busy, Compared, Taken
from benchmarks.lines.rows import compared_rows
from benchmarks.lines.upstream import is_whole

CHAT = Chat(
    alone=Kept(calls=7, writes=8.0, reads=2.0, log_bytes=0.0),
    shared=Kept(calls=0.7, writes=0.8, reads=0.0, log_bytes=0.0),
    cpu=2.0,
    base_megabytes=100.0,
    line_megabytes=0.5,
    function_memory=1024,
)


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        (b"POST / HTTP/1.1\r\n", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{", False),
        (b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}", True),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", False),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
    ],
)
def test_the_upstream_answers_a_request_that_has_come_to_its_end(received: bytes, whole: bool) -> None:
    assert is_whole(received) is whole


def test_what_is_sent_to_a_gateway_is_a_whole_request_of_each_client() -> None:
    gateway = Gateway("one", 80, 1, [{"authorization": "Bearer a"}, {"authorization": "Bearer b"}])

    sent = gateway.requests(streamed=True, pace="pace=300/10")

    assert [is_whole(each.encode()) and "pace=300/10" in each for each in sent] == [True, True]
    assert ["Bearer b" in each for each in sent] == [False, True]


def test_a_function_is_billed_for_as_long_as_its_line_is_open() -> None:
    one, ten = (costs.by_function(CHAT, seconds) for seconds in (1, 10))

    assert ten - one == pytest.approx(9 * 13.3334)
    assert one - 13.3334 == pytest.approx(0.20 + 0.50 * (322 + 3 * 26) / 1000 + 8 * 0.625 + 2 * 0.125)


def test_a_container_holds_what_its_processor_or_its_memory_allows() -> None:
    assert costs.lines(CHAT, 1) == pytest.approx(300)  # 0.6 of a second at 2 ms each
    assert costs.lines(replace(CHAT, line_megabytes=5.0), 60) == pytest.approx((0.6 * 2048 - 100) / 5)
    assert costs.lines(CHAT, 60) == 1_000


def test_functions_cost_as_much_as_a_container_where_so_many_lines_are_open() -> None:
    for seconds in (1, 60):
        chats_an_hour = costs.crossing(CHAT, seconds, 1) * 3600 / seconds
        container = 0.03238 + 2 * 0.00356 + 0.0225 + 0.008 + chats_an_hour * 0.8 * 0.625e-6

        assert chats_an_hour * costs.by_function(CHAT, seconds) / 1e6 == pytest.approx(container)


def _taken(cpu: float, latency: float) -> Taken:
    return Taken(
        [Busy(1000 / cpu, cpu, 1.0)], [Busy(1000 / cpu, cpu, 1.0)], [[latency] * 3], [[301.0] * 3], 100.0, 120.0
    )


@pytest.mark.parametrize(("cpu", "latency", "met"), [(2.0, 4.0, True), (2.1, 4.0, False), (2.0, 4.1, False)])
def test_ours_is_held_against_a_fifth_of_the_other_proxy(cpu: float, latency: float, met: bool) -> None:
    gateways = {LITELLM_NAME: _taken(10.0, 16.0), OURS_NAME: _taken(cpu, latency)}

    rows = list(compared_rows(Compared(_taken(0.1, 1.0), gateways, {})))

    assert all(row.met for row in rows if row.what.startswith(OURS_NAME) and row.goal) is met
    assert not [row for row in rows if row.what.startswith(LITELLM_NAME) and row.goal]


def test_a_gateway_that_is_not_installed_has_a_row_that_says_so() -> None:
    rows = list(compared_rows(Compared(_taken(0.1, 1.0), {}, {LITELLM_NAME: "could not be installed"})))

    assert [row.value for row in rows if row.what == LITELLM_NAME] == ["not measured: could not be installed"]
