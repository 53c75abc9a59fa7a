"""Random lives of an account's keys: what is counted of them is what their tasks and calls say, after every step."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, suppress
from dataclasses import replace

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from relay.effects.store.limits import Limits
from relay.flow.access import Caller
from relay.flow.accounts import Accounts
from relay.flow.intake import new_task
from relay.flow.reserving import Reservations
from relay.flow.services import Services
from relay.flow.usage_check import differences
from relay.nouns.account_errors import NoSuchKey
from relay.nouns.draft import KINDS, Draft, Kind
from relay.nouns.errors import BadKey, InsufficientBalance, RateLimited
from relay.nouns.inference import Inference, Tokens
from relay.nouns.keys import KeyRequest
from relay.nouns.life import advance
from relay.nouns.money import nanos, settle
from relay.nouns.task import Asset, Observation, State, Task
from tests.functional.crashes import CrashingHarness, CrashPoint
from tests.functional.harness import harness

DRAFT = Draft("aistudio", "kling", Kind.IMAGE, "kling-image", "a cat")
ASKED = Inference("newapi", "chat", "gpt-4o-mini", "gpt-4o-mini", {}, Tokens(1000, 1000))
PRICE = nanos("0.20")
ENDS = (State.SUCCEEDED, State.FAILED, State.CANCELLED)
ANY = st.integers(0, 99)
REFUSALS = (InsufficientBalance, BadKey, RateLimited)


class Keys(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.open = ExitStack()
        made = self.open.enter_context(harness("9"))
        self.other = made.services  # of a container that nothing kills
        self.here = CrashingHarness.of(made, CrashPoint())
        self.granted = dict[str, int]()  # by key with a budget: what it has used and may still use
        self.gone = set[str]()
        self.keys = ["key1", *(self._made(left) for left in (2 * PRICE, 9 * PRICE))]

    def _made(self, left: int) -> str:
        key_id = self._accounts.add_key(self.here.account_id, KeyRequest("", budget=left)).listed.key_id
        self.granted[key_id] = left
        return key_id

    def teardown(self) -> None:
        self.open.close()

    @rule(which=ANY, left=st.none() | st.integers(0, 5 * PRICE))
    def set_budget(self, which: int, left: int | None) -> None:
        key_id = self._key(which)
        with suppress(NoSuchKey):
            self._accounts.change_key(self.here.account_id, key_id, lambda key: replace(key, left=left))
            self._grant(key_id, left)

    @rule(which=ANY, rarely=st.integers(0, 9))
    def revoke(self, which: int, rarely: int) -> None:
        if rarely == 9:
            self._accounts.revoke_key(self.here.account_id, self._key(which))
            self.gone.add(self._key(which))
            self.granted.pop(self._key(which), None)

    @rule(which=ANY, elsewhere=st.booleans(), times=st.integers(1, 3), price=st.integers(0, 2 * PRICE))
    def create(self, which: int, elsewhere: bool, times: int, price: int) -> None:
        for _ in range(times):
            self.here.completes(lambda: self._create(self._way(elsewhere), self._key(which), price))

    def _create(self, way: Services, key_id: str, price: int) -> None:
        task = new_task(way, Caller(self.here.account_id, 3, "aistudio", key_id=key_id), DRAFT, price)
        with suppress(*REFUSALS):
            way.store.submissions.create(task, DRAFT, Limits(way.catalog.tiers[3], 5), None)
            assert key_id not in self.gone

    @rule(how=st.sampled_from(ENDS), most=st.integers(1, 4), elsewhere=st.booleans(), seconds=st.integers(0, 50))
    def end(self, how: State, most: int, elsewhere: bool, seconds: int) -> None:
        self.here.wait(seconds)
        going = [task for task in self._tasks() if not task.terminal and not KINDS[task.kind].metered]
        for before in going[:most]:
            seen = Observation(how, "job", assets=(Asset("https://files.example/1.png"),) * (how is State.SUCCEEDED))
            after = advance(before, seen, self.here.now[0], "poll")
            assert after
            for way in (self._way(elsewhere), self._way(not elsewhere)):
                self.here.completes(lambda: way.store.tasks.save(before, after, settle(before, after)))  # noqa: B023

    @rule(which=ANY, calls=st.integers(1, 4), cost=st.integers(0, PRICE), shared=st.booleans(), dies=st.booleans())
    def call(self, which: int, calls: int, cost: int, shared: bool, dies: bool) -> None:
        """A process makes calls and ends; or it is killed before it has settled the last one."""
        caller = Caller(self.here.account_id, 3, "newapi", key_id=self._key(which))

        async def run() -> None:
            kept = Reservations(self.here.services, keep=10_000 * shared, pause=0.0)
            for number in range(calls):
                hold = await kept.reserve(caller, ASKED)
                self.here.wait(1)
                if dies and number == calls - 1:
                    return
                await kept.settle(hold, Tokens(10, 20), cost, ok=bool(number % 2))
            await kept.close()

        def called() -> None:
            with suppress(*REFUSALS):
                asyncio.run(run())
                assert caller.key_id not in self.gone

        self.here.completes(called)

    @rule(seconds=st.sampled_from((10, 60, 60, 1000, 86_400)))
    def time_passes(self, seconds: int) -> None:
        self.here.wait(seconds)
        self.here.tick()

    @rule(writes=st.integers(1, 3))
    def a_function_will_die(self, writes: int) -> None:
        self.here.crash_point.writes_left = writes

    @invariant()
    def all_is_counted(self) -> None:
        account = self.here.services.store.accounts.get(self.here.account_id)
        assert account
        assert self.here.drift == 0
        assert differences(self.here.services.store, self.here.account_id) == []
        limited = {key: count for key, count in account.key_counts.items() if count.left is not None}
        assert {key: count.used + (count.left or 0) for key, count in limited.items()} == self.granted
        assert all((count.left or 0) >= 0 for count in account.key_counts.values())
        assert not account.key_counts.keys() & self.gone

    # --- what the rules work with -----------------------------------------------------------------------------

    @property
    def _accounts(self) -> Accounts:
        return Accounts.of(self.other)

    def _way(self, elsewhere: bool) -> Services:
        return self.other if elsewhere else self.here.services

    def _key(self, which: int) -> str:
        return self.keys[which % len(self.keys)]

    def _grant(self, key_id: str, left: int | None) -> None:
        account = self.here.services.store.accounts.get(self.here.account_id)
        assert account
        self.granted.pop(key_id, None)
        if left is not None:
            self.granted[key_id] = left + account.key_counts[key_id].used

    def _tasks(self) -> list[Task]:
        return list(self.here.services.store.tasks.since(self.here.account_id, "0"))


TestKeys = Keys.TestCase
# a failing life is told as it is: shrinking it would take minutes
TestKeys.settings = settings(
    max_examples=5, stateful_step_count=50, deadline=None, derandomize=True, phases=(Phase.generate,)
)
