"""A developer whose key makes tasks and model calls, which end as the test says."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import Any

from relay.families.aihub.usage import KEYS
from relay.flow.access import Caller
from relay.flow.accounts import Accounts
from relay.flow.intake import submit
from relay.flow.reserving import Reservations
from relay.nouns.draft import Draft, Kind
from relay.nouns.inference import Inference, Tokens
from relay.nouns.keys import KeyRequest
from relay.nouns.life import advance
from relay.nouns.money import nanos, settle
from relay.nouns.task import Asset, Observation, State
from tests.functional.harness import Harness
from tests.functional.scenarios_developers import AUTH

DRAFT = Draft("aistudio", "kling", Kind.IMAGE, "kling-image", "a cat")
CHAT = Inference("newapi", "chat", "gpt-4o-mini", "gpt-4o-mini", {}, Tokens(1000, 1000))
PASSWORD = "example password"


@dataclass
class Developer:
    here: Harness
    account_id: str
    token: str
    key_id: str

    @classmethod
    def of(cls, here: Harness, email: str) -> Developer:
        known = {"email": email, "password": PASSWORD}
        status, told = here.post(f"{AUTH}/register", {**known, "name": "Ann"}, key=None)
        assert status == 201, told
        account_id = told["data"]["developer"]["id"]
        here.services.store.accounts.top_up(account_id, "first", nanos(100), here.now[0])
        token = here.post(f"{AUTH}/login", known, key=None)[1]["data"]["access_token"]
        return cls(here, account_id, token, cls.add_key(here, account_id))

    @staticmethod
    def add_key(here: Harness, account_id: str) -> str:
        return Accounts.of(here.services).add_key(account_id, KeyRequest("mine")).listed.key_id

    def wait(self, seconds: float) -> None:
        """And log in again, for a session ends."""
        self.here.wait(seconds)
        known = self.here.services.store.logins.developer(self.account_id)
        assert known
        status, told = self.here.post(f"{AUTH}/login", {"email": known.email, "password": PASSWORD}, key=None)
        assert status == 200, told
        self.token = told["data"]["access_token"]

    def ask(self, path: str) -> tuple[int, Any]:
        return self.here.request("GET", f"{KEYS}/{path}", key=self.token)

    def usage(self, days: int = 30, key_id: str = "") -> Any:
        status, told = self.ask(f"keys/{key_id or self.key_id}/usage?days={days}")
        assert status == 200, told
        return told["data"]

    @property
    def quota(self) -> Any:
        return self.ask("quota")[1]["data"]

    def picture(self, end: State = State.SUCCEEDED, seconds: float = 2.0) -> None:
        services = self.here.services
        before = submit(services, Caller(self.account_id, 1, "aistudio", key_id=self.key_id), DRAFT)
        self.here.wait(seconds)
        files = (Asset("https://a.example/1.png"),) if end is State.SUCCEEDED else ()
        seen = Observation(end, "job", assets=files)
        after = advance(before, seen, self.here.now[0], "poll")
        assert after
        assert services.store.tasks.save(before, after, settle(before, after))

    def calls(self, *costs: int, keep: int = 10_000, model: str = "gpt-4o-mini") -> None:
        """Model calls of 40 tokens that take a second each; those that cost nothing fail."""

        async def run() -> None:
            kept = Reservations(self.here.services, keep)
            for cost in costs:
                caller = Caller(self.account_id, 1, "newapi", key_id=self.key_id)
                hold = await kept.reserve(caller, replace(CHAT, model=model))
                self.here.wait(1)
                await kept.settle(hold, Tokens(30, 10) if cost else Tokens(), cost, ok=bool(cost))
            await kept.close()

        asyncio.run(run())
