"""Owns what the run does: its errands, and how each is sent, watched, fetched and proved, as a client would."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from standardwebhooks import Webhook

from local.relayed import LocalRelay
from local.upstreams.inbox import Inbox
from local.upstreams.media import Recipe, make
from relay.nouns.task import State, Task

PERCENT = {"pending": 5, "queued": 20, "processing": 55}


@dataclass
class Errand:
    """One request of the run, and what became of it; `picture` says what the file it brings along shows."""

    name: str
    path: str
    body: dict[str, Any]
    expected: State = State.SUCCEEDED
    picture: str = ""
    task_id: str = ""
    began: float = 0.0
    seconds: float = 0.0
    brought: Path | None = None
    files: list[Path] = field(default_factory=list)

    @property
    def kie(self) -> bool:
        return self.path.startswith("/api/v1/")

    @property
    def shown(self) -> list[Path]:
        return [*([self.brought] if self.brought else []), *self.files]


ERRANDS = (
    Errand("image relay", "/api/grok/images", {"prompt": "A lighthouse at dawn, long exposure"}),
    Errand(
        "image KIE",
        "/api/v1/gpt4o-image/generate",
        {"prompt": "A paper boat on a quiet canal", "size": "3:2"},
    ),
    Errand(
        "video polled",
        "/api/dreamina/videos",
        {"action": "text2video", "prompt": "Clouds racing over a wheat field", "duration": 5},
    ),
    Errand(
        "image → video",
        "/api/dreamina/videos",
        {"action": "image2video", "prompt": "The kite climbs and the string sings", "duration": 5},
        picture="A red kite over the dunes",
    ),
    Errand(
        "image refused",
        "/api/grok/images",
        {"prompt": "Something the provider will not draw [[kie/submit:refuse]]"},
        expected=State.FAILED,
    ),
)


class Run:
    def __init__(self, relay: LocalRelay, inbox: Inbox, out: Path) -> None:
        self.relay, self.inbox, self.out = relay, inbox, out
        self.http = requests.Session()
        self.http.headers["authorization"] = f"Bearer {relay.demo.api_key}"

    def submit(self, errand: Errand) -> None:
        errand.began = time.monotonic()
        body = dict(errand.body)
        if errand.picture:
            body["image_url"] = self._upload(errand)
        body["callBackUrl" if errand.kie else "callback_url"] = self.inbox.url
        answer = self.http.post(self.relay.url + errand.path, json=body, timeout=30)
        answer.raise_for_status()
        errand.task_id = answer.json()["data"]["taskId"] if errand.kie else answer.json()["task_id"]

    def _upload(self, errand: Errand) -> str:
        path = self.out / f"{ERRANDS.index(errand) + 1}-upload.png"
        path.write_bytes(make(Recipe("image", errand.picture, "brought by the client")))
        errand.brought = path
        with path.open("rb") as file:
            answer = self.http.post(f"{self.relay.url}/api/upload/file", files={"file": file}, timeout=30)
        answer.raise_for_status()
        link: str = answer.json()["data"][0]["url"]
        return link

    def status(self, errand: Errand) -> tuple[str, float]:
        """The canonical status and percent, as the errand's own dialect tells them."""
        document = self._document(errand)
        if errand.kie:
            word = {0: "processing", 1: "succeeded"}.get(document["successFlag"], "failed")
            return word, max(float(document["progress"]) * 100, PERCENT.get(word, 100))
        word = document["status"]
        return word, PERCENT.get(word, 100)

    def _document(self, errand: Errand) -> dict[str, Any]:
        document: dict[str, Any]
        if errand.kie:
            asked = f"{self.relay.url}/api/v1/gpt4o-image/record-info?taskId={errand.task_id}"
            document = self.http.get(asked, timeout=30).json()["data"]
        else:
            asked = f"{self.relay.url}/api/{errand.path.split('/')[2]}/tasks"
            document = self.http.post(asked, json={"task_id": errand.task_id}, timeout=30).json()
        return document

    def task(self, errand: Errand) -> Task:
        task = self.relay.deployment.store.tasks.get(self.relay.demo.account_id, errand.task_id)
        if task is None:
            raise LookupError(errand.task_id)
        return task

    def fetch(self, errand: Errand) -> None:
        """Save the results as a person would: from the links the relay gives, without a key."""
        for index, link in enumerate(_links(self._document(errand))):
            answer = requests.get(link, timeout=30)
            answer.raise_for_status()
            kind = answer.headers["content-type"].split("/")[-1].replace("jpeg", "jpg").replace("mpeg", "mp3")
            suffix = f"-{index + 1}" if index else ""
            path = self.out / f"{ERRANDS.index(errand) + 1}-{self.task(errand).kind}{suffix}.{kind}"
            path.write_bytes(answer.content)
            errand.files.append(path)

    def dead_links(self) -> tuple[int, int]:
        """Of all links the providers gave, how many are dead, and how many there are."""
        jobs = [job for upstream in self.relay.upstreams.every for job in upstream.book.by_id.values()]
        links = [url for job in jobs for url in job.urls]
        return sum(requests.head(url, timeout=30).status_code == 404 for url in links), len(links)

    def told(self, errand: Errand) -> bool:
        """Whether the client was told of this task with a signature the published verifier accepts."""
        for letter in list(self.inbox.letters):
            document = Webhook(self.relay.demo.webhook_secret).verify(letter.raw, dict(letter.headers))
            told_of = document.get("task_id") or document.get("data", {}).get("taskId")
            if told_of == errand.task_id:
                return True
        return False


def _links(document: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Where a status document says the results are, in whichever dialect."""
    if "response" in document:
        return list((document["response"] or {}).get("resultUrls") or [])
    video = document.get("video")
    assets = [*document.get("images", []), *([video] if video else [])]
    return [asset["url"] for asset in assets]
