"""What the run does: its tasks, and how each is sent, watched, fetched and proved, as a client would."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import requests
from standardwebhooks import Webhook

from local.clients import SECONDS, Ask, Client, client, spoken
from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox
from local.upstreams.media import Recipe, make
from relay.nouns.task import State, Task


@dataclass
class DemoTask:
    """One request of the run, by a client of an API, and what became of it."""

    api: str
    ask: Ask
    task_id: str = ""
    began: float = 0.0
    seconds: float = 0.0
    brought: Path | None = None
    files: list[Path] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.ask.name

    @property
    def expected(self) -> State:
        return State.FAILED if self.ask.refused else State.SUCCEEDED

    @property
    def is_told(self) -> bool:
        return client(self.api).is_told

    @property
    def shown(self) -> list[Path]:
        return [*([self.brought] if self.brought else []), *self.files]


DEMO_TASKS = tuple(DemoTask(api, ask) for api in spoken() for ask in client(api).asks)


class Run:
    def __init__(self, relay: LocalRelay, inbox: Inbox, out: Path) -> None:
        self.relay, self.inbox, self.out = relay, inbox, out
        self.clients = {api: client(api)(relay.url, relay.demo.api_key) for api in spoken()}

    def submit(self, entry: DemoTask) -> None:
        entry.began = time.monotonic()
        body, speaker = entry.ask.body, self._client(entry)
        if entry.ask.picture:
            body = speaker.with_picture(body, self._upload(entry))
        entry.task_id = speaker.create(entry.ask.path, body, f"{self.inbox.url}/{entry.api}")

    def _client(self, entry: DemoTask) -> Client:
        return self.clients[entry.api]

    def _upload(self, entry: DemoTask) -> str:
        path = self.out / f"{DEMO_TASKS.index(entry) + 1}-upload.png"
        path.write_bytes(make(Recipe("image", entry.ask.picture, "brought by the client")))
        entry.brought = path
        with path.open("rb") as file:
            return self._client(entry).upload(file)

    def status(self, entry: DemoTask) -> tuple[str, float]:
        """The canonical status and percent, as its own dialect tells them."""
        spoken = self._client(entry)
        return spoken.progress(spoken.document(entry.ask.path, entry.task_id))

    def task(self, entry: DemoTask) -> Task:
        task = self.relay.deployment.store.tasks.get(self.relay.demo.account_id, entry.task_id)
        if task is None:
            raise LookupError(entry.task_id)
        return task

    def prompt(self, entry: DemoTask) -> str:
        """What was asked for, wherever the family's wire has it."""
        request = self.relay.deployment.store.tasks.request(self.relay.demo.account_id, entry.task_id)
        return request.prompt if request else ""

    def fetch(self, entry: DemoTask) -> None:
        """Save the results as a person would: from the links the relay gives, without a key."""
        spoken = self._client(entry)
        document = spoken.document(entry.ask.path, entry.task_id)
        if words := spoken.words(document):
            path = self._path(entry, "", "txt")
            path.write_text(words, "utf-8")
            entry.files.append(path)
        for index, link in enumerate(spoken.links(document)):
            answer = requests.get(link, timeout=SECONDS)
            answer.raise_for_status()
            kind = answer.headers["content-type"].split("/")[-1].replace("jpeg", "jpg").replace("mpeg", "mp3")
            path = self._path(entry, f"-{index + 1}" if index else "", kind)
            path.write_bytes(answer.content)
            entry.files.append(path)

    def _path(self, entry: DemoTask, part: str, suffix: str) -> Path:
        return self.out / f"{DEMO_TASKS.index(entry) + 1}-{self.task(entry).kind}{part}.{suffix}"

    def dead_links(self) -> tuple[int, int]:
        """Of all links the providers gave, how many are dead, and how many there are."""
        jobs = [job for upstream in self.relay.upstreams.simulators.values() for job in upstream.book.by_id.values()]
        links = [url for job in jobs for url in job.urls]
        return sum(requests.head(url, timeout=30).status_code == 404 for url in links), len(links)

    def told(self, entry: DemoTask) -> bool:
        """Whether the client was told of this task's end with a signature the published verifier accepts."""
        speaker = self._client(entry)
        for post in list(self.inbox.posts):
            document = Webhook(self.relay.demo.webhook_secret).verify(post.raw, dict(post.headers))
            # each API is told at a path of its own, for it names the task in its own way
            mine = post.path.endswith(f"/{entry.api}") and speaker.told_of(document) == entry.task_id
            if mine and speaker.is_end(document):
                return True
        return False
