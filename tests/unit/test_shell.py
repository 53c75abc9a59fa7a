"""A batch of messages: those that fail come again and the others do not, whether or not they run side by side."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from relay.edge.shell import Event, records

TEN = 10


def batch(count: int) -> Event:
    return {"Records": [{"messageId": f"m{number}", "body": json.dumps({"number": number})} for number in range(count)]}


@pytest.mark.parametrize("threads", [1, 4, TEN])
def test_only_the_messages_that_failed_come_again(threads: int) -> None:
    def odd_ones_fail(message: dict[str, Any]) -> None:
        if message["number"] % 2:
            raise ValueError("no")

    failed = records(batch(5), odd_ones_fail, threads)["batchItemFailures"]

    assert [each["itemIdentifier"] for each in failed] == ["m1", "m3"]


def test_the_messages_of_a_batch_run_side_by_side_where_the_function_asks_for_it() -> None:
    meeting = threading.Barrier(TEN, timeout=10)

    def met(_: dict[str, Any]) -> None:
        meeting.wait()

    answer = records(batch(TEN), met, TEN)

    assert answer == {"batchItemFailures": []}
