"""Everything outside a relay: upstreams that answer in their families' words, and a client that is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from relay.effects.outbound import Incoming, Outbound
from relay.nouns.wire import Answer, Call

AISTUDIO, KIE, CLIENT = "https://relay.example", "https://kie.example", "https://client.example/hook"
NEWAPI, IMAGE_HOST = "https://newapi.example", "https://newapi-images.example"
KLING_ITSELF = "https://kling.example"
GENERATIONS, IMAGES = f"{NEWAPI}/v1/video/generations", f"{NEWAPI}/v1/images/"
VIDEOS, KLING = f"{NEWAPI}/v1/videos", (f"{NEWAPI}/kling/", f"{KLING_ITSELF}/")
SUNO = f"{NEWAPI}/suno/"

# One grey pixel: the least a picture can be.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c6368000000820081"
    "77cd72b60000000049454e44ae426082"
)

Script = (
    Answer | Incoming | Exception | Callable[[Call], Answer]
)  # an Incoming only where something is read as it comes


@dataclass
class Job:
    """One job at an upstream, as the upstream sees it."""

    id: str
    call: Call
    state: str = "processing"
    urls: tuple[str, ...] = ("https://files.example/a.png",)
    fault: str = "the picture could not be made"

    @property
    def callback_url(self) -> str:
        sent = json.loads(self.call.body)
        return str(sent.get("callBackUrl") or sent.get("callback_url") or "")


@dataclass
class Network:
    """Everything outside: two upstreams that answer in their families' words, and a client that is told.

    `script` holds answers to give, first come first served, instead of the ordinary one, by what is asked:
    "aistudio.submit", "aistudio.query", "aistudio.cancel", the same of kie and newapi, or "client".
    """

    jobs: dict[str, Job] = field(default_factory=dict)
    script: dict[str, list[Script]] = field(default_factory=dict)
    calls: list[tuple[str, Call]] = field(default_factory=list)
    started: str = "processing"  # the state new jobs are in
    rules: Outbound = field(default_factory=lambda: Outbound("public", lambda host, port: ["93.184.216.34"]))

    def check(self, url: str, seconds: float = 3.0) -> None:
        self.rules.check(url, seconds)

    def send(self, call: Call) -> Answer:
        what = self._what(call)
        self.calls.append((what, call))
        planned = self.script.get(what, [])
        if planned:
            step = planned.pop(0)
            if isinstance(step, Exception):
                raise step
            assert not isinstance(step, Incoming)
            return step if isinstance(step, Answer) else step(call)
        return self.ordinary(what, call)

    @contextmanager
    def open(self, call: Call, chunk: int = 1 << 16) -> Iterator[Incoming]:
        """The same, for what is read as it comes; "file" answers with a small picture unless told otherwise."""
        planned = self.script.get("file", [])
        if planned and isinstance(planned[0], Incoming):
            self.calls.append(("file", call))
            yield cast("Incoming", planned.pop(0))
            return
        answer = self.send(call)
        pieces = (answer.body[at : at + chunk] for at in range(0, len(answer.body), chunk))
        yield Incoming(answer.status, answer.headers, pieces)

    @contextmanager
    def stream(self, call: Call) -> Iterator[Incoming]:
        """The same, for what is read while it is written: an Incoming that was planned, or an ordinary answer."""
        what = self._what(call)
        planned = self.script.get(what, [])
        if planned and isinstance(planned[0], Incoming):
            self.calls.append((what, call))
            yield cast("Incoming", planned.pop(0))
            return
        answer = self.send(call)
        yield Incoming(answer.status, answer.headers, iter([answer.body]))

    def ordinary(self, what: str, call: Call) -> Answer:
        if what == "client":
            return Answer(204)
        if what == "file":
            return Answer(200, PICTURE, {"content-type": "image/png", "content-length": str(len(PICTURE))})
        family, _, verb = what.partition(".")
        if verb == "cancel":
            return self._cancel(call)
        if verb == "upload":
            return _json({"url": f"{IMAGE_HOST}/{len(self.sent(what))}.png", "created": 1767225600})
        if verb == "submit":
            job = Job(f"{family}-{len(self.jobs) + 1}", call, self.started)
            self.jobs[job.id] = job
            return _json(_accepted(family, job))
        asked = self._asked(family, call)
        job_ = self.jobs.get(asked)
        return _json(_status(family, job_)) if job_ else _json(_unknown(family), 404 if family == "aistudio" else 200)

    def _cancel(self, call: Call) -> Answer:
        """An upstream takes a job back that it has not made yet."""
        job = self.jobs[self._asked("aistudio", call)]
        job.state = "cancelled" if job.state == "processing" else job.state
        return _json({**_status("aistudio", job), "cancelled": job.state == "cancelled"})

    def sent(self, what: str) -> list[Call]:
        return [call for asked, call in self.calls if asked == what]

    def finish(self, state: str = "succeeded") -> None:
        for job in self.jobs.values():
            job.state = state

    def _what(self, call: Call) -> str:
        if call.url.startswith(CLIENT):
            return "client"
        if call.url.startswith(IMAGE_HOST) and call.method == "POST":
            return "newapi.upload"
        path = urlsplit(call.url).path
        if not call.url.startswith((AISTUDIO, KIE, NEWAPI, KLING_ITSELF)):
            return "file"
        if call.url.startswith(AISTUDIO):
            verbs = {"tasks": "query", "cancel": "cancel"}
            return f"aistudio.{verbs.get(path.rpartition('/')[2], 'submit')}"
        family = "kie" if call.url.startswith(KIE) else "newapi"
        if path.endswith("/content"):
            return "file"
        return f"{family}.submit" if call.method == "POST" else f"{family}.query"

    def _asked(self, family: str, call: Call) -> str:
        if family == "aistudio":
            return str(json.loads(call.body)["task_id"])
        if call.url.startswith((VIDEOS, GENERATIONS, SUNO, *KLING)):
            return call.url.rpartition("/")[2]
        return parse_qs(urlsplit(call.url).query)["taskId" if family == "kie" else "id"][0]


def _json(document: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(document).encode(), {"content-type": "application/json"})


def _accepted(family: str, job: Job) -> dict[str, Any]:
    if IMAGES in job.call.url:  # the answer is the outcome
        return {"created": 1767225600, "data": [{"url": url} for url in job.urls]}
    if job.call.url.startswith((VIDEOS, GENERATIONS)):
        return _video(replace(job, state="queued"))
    if job.call.url.startswith(KLING):
        return _kling(replace(job, state="submitted"))
    if SUNO in job.call.url:
        return {"code": "success", "message": "", "data": job.id}
    if family == "newapi":
        return {"id": job.id, "status": "pending"}
    return {"task_id": job.id} if family == "aistudio" else {"code": 200, "msg": "success", "data": {"taskId": job.id}}


def _video(job: Job) -> dict[str, Any]:
    """OpenAI's video object; without addresses its files are behind the key."""
    word = {"succeeded": "completed", "processing": "in_progress"}.get(job.state, job.state)
    said = {
        "id": job.id,
        "object": "video",
        "model": "sora-2",
        "status": word,
        "progress": 40,
        "created_at": 1767225600,
    }
    if word == "failed":
        return said | {"error": {"code": "video_generation_failed", "message": job.fault}}
    if word == "completed" and job.urls:
        return said | {"metadata": {"url": job.urls[0]}}
    return said


def _kling(job: Job) -> dict[str, Any]:
    """Kling's envelope."""
    data: dict[str, Any] = {"task_id": job.id, "task_status": job.state, "created_at": 1767225630000}
    if job.state == "succeeded":
        data |= {
            "task_status": "succeed",
            "task_result": {"videos": [{"id": "v1", "url": job.urls[0], "duration": "5"}]},
        }
    if job.state == "failed":
        data |= {"task_status_msg": job.fault}
    return {"code": 0, "message": "SUCCEED", "request_id": "r1", "data": data}


def _generation(job: Job) -> dict[str, Any]:
    """new-api's task in its envelope."""
    word = {"succeeded": "SUCCESS", "failed": "FAILURE"}.get(job.state, "IN_PROGRESS")
    task: dict[str, Any] = {"task_id": job.id, "status": word, "progress": "40%", "fail_reason": "", "data": None}
    if word == "SUCCESS":
        task |= {"data": {"url": job.urls[0]}}
    if word == "FAILURE":
        task |= {"fail_reason": job.fault}
    return {"code": "success", "message": "", "data": task}


def _suno(job: Job) -> dict[str, Any]:
    """new-api's task object: two clips, each with a picture, or lyrics."""
    word = {"succeeded": "SUCCESS", "processing": "IN_PROGRESS", "failed": "FAILURE"}.get(job.state, "SUBMITTED")
    action = job.call.url.rpartition("/")[2].upper()
    lyrics = {"id": job.id, "title": "Roofs", "text": "[Verse]\nrain", "status": "complete"}
    made = lyrics if action == "LYRICS" else [_clip(job, number) for number in (1, 2)]
    task: dict[str, Any] = {"task_id": job.id, "action": action, "status": word, "progress": "50%", "data": None}
    task |= {"data": made, "progress": "100%"} if word == "SUCCESS" else {}
    task |= {"fail_reason": job.fault} if word == "FAILURE" else {}
    return {"code": "success", "message": "", "data": task}


def _clip(job: Job, number: int) -> dict[str, Any]:
    at = f"https://files.example/{job.id}-{number}"
    return {
        "id": f"clip-{job.id}-{number}",
        "audio_url": f"{at}.mp3",
        "image_url": f"{at}.jpeg",
        "image_large_url": f"{at}-large.jpeg",
        "video_url": "",
        "title": "Roofs",
        "status": "complete",
        "metadata": {"tags": "lofi", "prompt": "[Verse]\nrain", "duration": 128.92},
    }


def _unknown(family: str) -> dict[str, Any]:
    if family == "aistudio":
        return {"success": False, "error": {"code": "TASK_NOT_FOUND", "message": "?"}, "trace_id": "t"}
    return {"code": 422, "msg": "recordInfo is null", "data": None}


def _status(family: str, job: Job) -> dict[str, Any]:
    shapes = {(VIDEOS,): _video, KLING: _kling, (GENERATIONS,): _generation, (SUNO,): _suno}
    for begins, write in shapes.items():
        if job.call.url.startswith(begins):
            return write(job)
    if family == "newapi":
        done = {"status": "completed", "video_url": job.urls[0]}
        failed = {"status": "failed", "error": job.fault}
        return {"id": job.id, "status": job.state} | {"succeeded": done, "failed": failed}.get(job.state, {})
    if family == "aistudio":
        said: dict[str, Any] = {"task_id": job.id, "status": job.state, "created_at": "2026-01-01T08:00:30+08:00"}
        if job.state == "succeeded":
            video = {"video": {"url": job.urls[0], "duration": 5}}
            said |= video if "/videos" in job.call.url else {"images": [{"url": url} for url in job.urls]}
        if job.state == "failed":
            said["error"] = {"code": "GENERATION_FAILED", "message": job.fault}
        if job.state == "cancelled":
            said["error"] = {"code": "TASK_CANCELLED", "message": "cancelled"}
        return said
    if "gpt4o-image" in job.call.url:
        word, flag = {"succeeded": ("SUCCESS", 1), "failed": ("GENERATE_FAILED", 2)}.get(job.state, ("GENERATING", 0))
        data: dict[str, Any] = {"taskId": job.id, "status": word, "successFlag": flag, "progress": "0.50"}
        data["response"] = {"resultUrls": list(job.urls)} if flag == 1 else None
        data |= {"errorCode": 500, "errorMessage": job.fault} if flag == 2 else {}
        return {"code": 200, "msg": "success", "data": data}
    state = {"succeeded": "success", "failed": "fail", "processing": "generating"}.get(job.state, job.state)
    data = {"taskId": job.id, "state": state, "resultJson": None}
    data |= {"resultJson": json.dumps({"resultUrls": list(job.urls)})} if state == "success" else {}
    data |= {"failCode": "501", "failMsg": job.fault} if state == "fail" else {}
    return {"code": 200, "msg": "success", "data": data}
