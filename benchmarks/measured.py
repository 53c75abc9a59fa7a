"""What is measured: whose clients ask, which upstream calls back and which is polled, and what they are asked to make.

The only module here that names families: their APIs are in modules of their own, and all others take them from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks import aistudio, kie
from relay.nouns.draft import Callback, Draft, Kind
from relay.nouns.task import Task

client = aistudio
calling, polled = kie, aistudio
UPSTREAMS = (kie, aistudio)
DEVELOPER_EVENT, DEVELOPER_LOGIN = "developers.aihub.register", "/api/v1/developer/auth/login"
CHAT_UPSTREAM, CHAT_MODEL = "newapi", "gpt-4o-mini"


@dataclass(frozen=True)
class Picture:
    """A picture that a client asks for, and who makes it: the first source of its model."""

    platform: str
    model: str
    upstream: str
    api: str = ""

    def task(self, account_id: str, now: int, price: int) -> Task:
        """A task of the client's without an id, made at `now` (Unix ms)."""
        return Task(account_id, "", client.NAME, self.platform, Kind.IMAGE, self.model, price, now, now + 900_000)

    def draft(self, prompt: str = "", callback: Callback | None = None) -> Draft:
        return Draft(client.NAME, self.platform, Kind.IMAGE, self.model, prompt, callback=callback)


BY_CALLBACK = Picture("grok", "grok-imagine", calling.NAME, "market")
BY_POLLING = Picture("kling", "kling-image", polled.NAME)
