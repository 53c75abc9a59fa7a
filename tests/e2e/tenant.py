"""A client of the running relay: an account of its own, its key, and an address where it is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests

from local.clients import client, spoken
from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox, Post
from ops.terms import NewAccount
from relay.nouns.money import nanos
from relay.nouns.task import Delivery, Task

KIE = "/api/v1/gpt4o-image"
T = TypeVar("T")
PATIENCE = 45.0  # seconds; the machine may be busy


@dataclass
class Tenant:
    relay: LocalRelay
    account: NewAccount
    inbox: Inbox
    http: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.clients = {family: client(family)(self.relay.url, self.account.api_key) for family in spoken()}

    @classmethod
    def of(cls, relay: LocalRelay, inbox: Inbox, balance: str = "100", tier: int = 3) -> Tenant:
        return cls(relay, relay.deployment.open_account("tenant", tier, nanos(balance)), inbox)

    def send(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {"authorization": f"Bearer {self.account.api_key}", **how.pop("headers", {})}
        return self.http.request(method, self.relay.url + path, headers=headers, timeout=30, **how)

    def post(self, path: str, body: object, **headers: str) -> Any:
        answer = self.send("POST", path, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def create(self, path: str, **body: object) -> str:
        """A task of the relay platform's API that reports to the inbox; its id."""
        return self.clients["aistudio"].create(path, body, self.inbox.url)

    def create_kie(self, **body: object) -> str:
        """A task of KIE's API that reports to the inbox; its id."""
        return self.clients["kie"].create(f"{KIE}/generate", {"size": "1:1", **body}, self.inbox.url)

    def ended(self, task_id: str, seconds: float = PATIENCE) -> Task:
        """The task as soon as nothing more is owed of it, its callback included."""
        return until(lambda: self._over(self.task(task_id)), seconds, lambda: str(self.task(task_id)))

    def task(self, task_id: str) -> Task:
        task = self.relay.deployment.store.tasks.get(self.account.account_id, task_id)
        assert task is not None
        return task

    @staticmethod
    def _over(task: Task) -> Task | None:
        return task if task.terminal and task.delivery is not Delivery.OWED else None

    def told(self, task_id: str) -> list[Post]:
        """The callbacks that spoke of a task, in either dialect."""
        wanted = task_id.encode()
        return [post for post in list(self.inbox.posts) if wanted in post.raw]

    @property
    def balance(self) -> int:
        held: int = self.relay.deployment.account(self.account.account_id).balance
        return held

    @property
    def drift(self) -> int:
        return self.relay.deployment.store.accounts.drift(self.account.account_id)

    def entries(self, task_id: str) -> list[str]:
        found = self.relay.deployment.store.accounts.entries(self.account.account_id)
        return sorted(entry.kind.value for entry in found if entry.reference == task_id)


def until(look: Callable[[], T | None], seconds: float, sight: Callable[[], str]) -> T:
    """What `look` finds, as soon as it finds anything; `sight` says what there was when time was up."""
    deadline = time.monotonic() + seconds
    while (found := look()) is None:
        assert time.monotonic() < deadline, sight()
        time.sleep(0.1)
    return found
