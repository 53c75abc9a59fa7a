"""An account with several hooks: each is told of each end by its own schedule; what was given up can be told again."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ops.__main__ import main
from ops.arguments import LONGEST_ADDRESS
from ops.deployment import Deployment
from ops.targets import Target
from relay.nouns.task import Delivery
from relay.nouns.wire import Answer
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import Harness, harness
from tests.functional.network import CLIENT

HOOKS = [CLIENT, f"{CLIENT}/two", f"{CLIENT}/three"]
PATH = "/v1/videos"
HOUR = 3600


@pytest.fixture
def here() -> Iterator[Harness]:
    with harness() as made:
        made.services.store.accounts.change(made.account_id, hooks=HOOKS)
        yield made


def ended(here: Harness) -> str:
    """A task whose client could name no address, at its end."""
    status, made = here.post(PATH, {"prompt": "a boat"})
    assert status == 200, made
    here.pump()
    here.network.finish("failed")
    return str(made["id"])


def addresses(here: Harness) -> list[str]:
    return [call.url for call in here.told]


def refusing(here: Harness, *urls: str) -> None:
    """From here on the receivers at these addresses answer 500."""
    here.network.script["client"] = [lambda call: Answer(500 if call.url in urls else 204)] * 99


def ops(here: Harness, capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """What the command of an operator of this relay prints."""
    deployment = Deployment(here.services.store, None, "", here.services.catalog)
    capsys.readouterr()
    ended_with = main(["--stack", "x", *words], find=lambda _: Target(deployment, {}, lambda service: None))
    printed = capsys.readouterr()
    assert ended_with == code, printed
    return printed.out + printed.err


def test_each_hook_is_told_of_the_end_with_the_same_bytes(here: Harness) -> None:
    ended(here)
    here.run(60)

    assert sorted(addresses(here)) == sorted(HOOKS)
    assert len({call.body for call in here.told}) == len({call.headers["webhook-id"] for call in here.told}) == 1
    status, page = here.request("GET", PATH)
    assert (status, len(page["data"])) == (200, 1)


def test_a_hook_that_refuses_is_told_again_by_its_own_schedule_and_the_others_once(here: Harness) -> None:
    refusing(here, HOOKS[1])
    ended(here)
    here.run(90)
    assert [addresses(here).count(url) for url in HOOKS] == [1, 2, 1]

    here.network.script.clear()
    here.run(2 * HOUR, step=60)
    assert [addresses(here).count(url) for url in HOOKS] == [1, 3, 1]


def test_what_was_given_up_is_listed_and_told_again_with_the_same_bytes(
    here: Harness, capsys: pytest.CaptureFixture[str]
) -> None:
    refusing(here, HOOKS[0], HOOKS[2])
    task_id = ended(here)
    here.run(60 * HOUR, step=1800)
    assert here.task(task_id).delivery is Delivery.DEAD
    body = here.told[0].body
    listed = ops(here, capsys, "delivery-list", here.account_id)
    assert listed.count("500") == 2
    assert "no delivery" in ops(here, capsys, "delivery-replay", here.account_id, f"{task_id}#2", code=1)

    here.network.calls.clear()
    here.network.script.clear()
    here.now[0] = max(here.now[0], time.time_ns() // 1_000_000)
    ops(here, capsys, "delivery-replay", here.account_id, f"{task_id}#3")
    here.run(120)
    assert [(call.url, call.body) for call in here.told] == [(HOOKS[2], body)]
    ops(here, capsys, "delivery-replay", here.account_id)
    here.run(120)
    assert addresses(here) == [HOOKS[2], HOOKS[0]]
    assert ops(here, capsys, "delivery-list", here.account_id).startswith("none")
    acts = [line.split()[-2:] for line in ops(here, capsys, "act-list", here.account_id).splitlines()]
    assert acts == [["delivery-replay", task_id], ["delivery-replay", f"{task_id}#3"]]


def test_a_hook_as_long_as_one_may_be_is_added_and_noted(here: Harness, capsys: pytest.CaptureFixture[str]) -> None:
    longest = f"{CLIENT}/{'x' * (LONGEST_ADDRESS - len(CLIENT) - 1)}"
    here.services.store.accounts.change(here.account_id, hooks=[])
    ops(here, capsys, "hook-add", here.account_id, longest)
    assert longest in ops(here, capsys, "act-list", here.account_id).replace("\n", "")


def test_a_hook_that_was_taken_away_is_told_nothing_more_and_the_others_are(here: Harness) -> None:
    refusing(here, *HOOKS)
    ended(here)
    here.run(30)
    here.network.calls.clear()
    here.network.script.clear()
    here.services.store.accounts.change(here.account_id, hooks=[HOOKS[0], HOOKS[2]])
    here.run(120)

    assert sorted(addresses(here)) == [HOOKS[0], HOOKS[2]]


@pytest.mark.parametrize("death", range(1, 12))
def test_a_kill_while_the_hooks_are_told_leaves_none_out(death: int) -> None:
    with harness() as safe:
        safe.services.store.accounts.change(safe.account_id, hooks=HOOKS)
        ended(safe)
        here = CrashingHarness.of(safe, CrashPoint(death))
        here.run(900, step=30)

        assert here.crash_point.reached
        assert {call.url for call in here.told} == set(HOOKS)
        assert len({call.body for call in here.told}) == 1
