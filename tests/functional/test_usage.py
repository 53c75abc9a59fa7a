"""What developers are told of their month and of each key: exact sums, whoever made the calls, and nobody else's."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import pytest

from relay.families.aihub.usage import KEYS
from relay.flow.accounts import Accounts
from relay.nouns.task import State
from tests.axes import each_once
from tests.functional.harness import Harness, harness
from tests.functional.refusals import stored_state
from tests.functional.using import Developer

DAY = 86_400
USD = 7.2
NOBODYS = ("ffffffff", "x" * 3000)


@pytest.fixture(scope="module")
def relay() -> Iterator[Harness]:
    with harness() as made:
        yield made


@pytest.fixture
def ann(relay: Harness, request: pytest.FixtureRequest) -> Developer:
    return Developer.of(relay, f"ann-{zlib.crc32(request.node.nodeid.encode())}@example.com")


def test_a_new_keys_usage_is_nothing(ann: Developer) -> None:
    assert ann.usage(7) == {
        "period_days": 7,
        **dict.fromkeys(("total_requests", "total_tokens"), 0),
        **dict.fromkeys(("total_cost", "avg_response_time", "success_rate"), 0.0),
        **{"model_usage": {}, "daily_usage": {}},
    }


def test_tasks_and_calls_are_counted_by_model_and_day(ann: Developer) -> None:
    ann.picture()
    ann.picture(State.FAILED, seconds=1)
    ann.wait(DAY)
    ann.calls(72_000, 0, 720)
    ann.calls(7_200_001, keep=0, model="gpt-5.2")
    told = ann.usage()
    image = {"requests": 2, "tokens": 0, "cost": round(0.2 / USD, 9)}
    mini, other = {"requests": 3, "tokens": 80, "cost": 0.0000101}, {"requests": 1, "tokens": 40, "cost": 0.001}
    assert told["model_usage"] == {"kling-image": image, "gpt-4o-mini": mini, "gpt-5.2": other}
    days = sorted(told["daily_usage"].items())
    assert days[0][1] == image
    assert days[1][1] == {"requests": 4, "tokens": 120, "cost": 0.0010101}
    assert (told["total_requests"], told["total_tokens"]) == (6, 120)
    assert round(sum(each["cost"] for each in told["model_usage"].values()), 9) == told["total_cost"]
    assert (told["avg_response_time"], told["success_rate"]) == (round(7000 / 6, 2), round(400 / 6, 2))


def test_a_period_has_so_many_days_with_today(ann: Developer) -> None:
    ann.picture()
    ann.wait(DAY)
    ann.picture()
    ann.wait(DAY)
    assert [ann.usage(days)["total_requests"] for days in (1, 2, 3, 366)] == [0, 1, 2, 2]


def test_keys_are_counted_each_for_itself_and_a_revoked_ones_usage_is_still_told(ann: Developer) -> None:
    first = ann.key_id
    ann.picture()
    ann.key_id = ann.add_key(ann.here, ann.account_id)
    ann.picture()
    ann.picture()
    Accounts.of(ann.here.services).revoke_key(ann.account_id, first)
    assert [ann.usage(key_id=key_id)["total_requests"] for key_id in (first, ann.key_id)] == [1, 2]


@each_once(("said", ["-1", "0", "367", "1000", "9" * 400, "1.0", "1e1", "ten", "１", "%2B7", "7%207", "null"]))
def test_days_that_are_no_number_of_days_are_refused_by_name(ann: Developer, said: str) -> None:
    before = stored_state(ann.here)
    status, told = ann.ask(f"keys/{ann.key_id}/usage?days={said}")
    assert (status, told["error"]["code"], told["error"]["details"]["field"]) == (400, "invalid_parameter", "days")
    assert stored_state(ann.here) == before


def test_another_developers_key_is_told_as_one_that_does_not_exist(ann: Developer) -> None:
    bob = Developer.of(ann.here, "bob@example.com")
    bob.picture()
    answers = [ann.ask(f"keys/{key_id}/usage") for key_id in (bob.key_id, *NOBODYS)]
    assert {status for status, _ in answers} == {404}
    assert len({str(told["error"]) for _, told in answers}) == 1
    odd = [ann.ask(f"keys/{key_id}/usage") for key_id in ("a%23b", "%F0%9F%92%B0", "%00", "..")]
    assert {status for status, _ in odd} == {404}
    assert not [told for _, told in odd if "stream" in told["error"]["message"]]
    assert ann.here.request("GET", f"{KEYS}/keys/{ann.key_id}/usage", key=ann.key_id * 2)[0] == 401


def test_a_quota_tells_the_months_tokens_and_cost(ann: Developer) -> None:
    here, began = ann.here, ann.here.now[0]
    assert ann.quota == {
        "monthly_quota": 10_000,
        **{"monthly_used": 0, "monthly_remaining": 10_000, "monthly_usage_percent": 0.0, "monthly_cost": 0.0},
        **{"active_api_keys": 1, "max_api_keys": here.services.catalog.tiers[1].max_keys},
        "reset_date": ann.quota["reset_date"],
    }
    ann.picture()
    ann.calls(*[72_000] * 11, keep=0)
    told = ann.quota
    assert (told["monthly_used"], told["monthly_remaining"], told["monthly_usage_percent"]) == (440, 9_560, 4.4)
    assert told["monthly_cost"] == round((0.2 + 11 * 0.000072) / USD, 9)
    assert ann.usage()["total_cost"] == pytest.approx(told["monthly_cost"], abs=2e-9)
    ann.wait(40 * DAY)
    told = ann.quota
    assert (told["monthly_used"], told["monthly_cost"]) == (0, 0.0)
    ann.picture(State.FAILED)
    ann.picture()
    assert ann.quota["monthly_cost"] == round(0.2 / USD, 9)
    assert told["reset_date"].endswith("-01")
    assert here.now[0] > began
