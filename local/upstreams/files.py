"""Owns the results simulators hand out: made when first read, served with ranges, gone when their link dies."""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from local.upstreams.faults import Fault, Faults, Visit
from local.upstreams.jobs import FOREVER, Job
from local.upstreams.media import Recipe, length_of, make
from local.upstreams.misbehave import Dropped
from relay.nouns.media import sniff

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")

_INSTEAD: dict[str, Callable[[], Response]] = {
    "html": lambda: HTMLResponse("<html><body>Sign in to continue</body></html>"),
    "busy": lambda: PlainTextResponse("try again\n", 503, {"retry-after": "1"}),
}


@dataclass(frozen=True)
class Link:
    """One address of one result; the same file may have several."""

    recipe: Recipe
    upstream: str
    api: str
    task_id: str
    done: float
    dies: float
    # Asked anew at each read, because the picture behind it may only be known later.
    background: Callable[[], bytes | None]
    faults: Faults


def link_of(upstream: str, job: Job, variant: int, lives: float, faults: Faults) -> Link:
    """The link of one of a job's results, for so many seconds after its end."""
    order = job.order
    model = f"{order.model} · simulated {upstream} upstream"
    recipe = Recipe(
        order.kind, order.prompt, model, order.size, length_of(order.kind, order.seconds), variant, form=order.form
    )
    done = job.done_at if job.done_at < FOREVER else job.created + job.stages.done
    return Link(recipe, upstream, job.api, job.task_id, done, done + lives, lambda: job.background, faults)


class Files:
    """Every link of every simulator of one server."""

    def __init__(self, base_url: str, clock: Callable[[], float]) -> None:
        self.base_url = base_url
        self.reads: dict[str, int] = {}
        self._clock = clock
        self._links: dict[str, Link] = {}
        self._kept: dict[str, tuple[bytes, str]] = {}

    def add(self, link: Link) -> str:
        """The address under which `link` is served."""
        name = f"{uuid.uuid4().hex}.{link.recipe.suffix}"
        self._links[name] = link
        return f"{self.base_url}/{name}"

    def reserve(self, upstream: str, job: Job, lives: float, faults: Faults) -> list[str]:
        """An address for each of the files a job was asked for."""
        return [self.add(link_of(upstream, job, each, lives, faults)) for each in range(job.order.count)]

    def keep(self, body: bytes) -> tuple[str, str]:
        """The address and content type of a file somebody uploaded."""
        found = sniff(body)
        kind = found.content_type if found else "application/octet-stream"
        name = uuid.uuid4().hex
        self._kept[name] = body, kind
        return f"{self.base_url}/{name}", kind

    def made(self, url: str) -> bytes:
        """The file at an address, for an answer that holds it."""
        return make(self._links[PurePosixPath(url).name].recipe)

    def kept(self, url: str) -> bytes:
        """What was uploaded under an address."""
        return self._kept[PurePosixPath(url).name][0]

    def again(self, url: str, dies: float) -> str | None:
        """A second address of the same file, living until `dies`; None when the file is not ours."""
        link = self._links.get(PurePosixPath(url).name) if url.startswith(self.base_url) else None
        return self.add(replace(link, dies=dies, done=self._clock())) if link else None

    def expire(self) -> None:
        """Let every link handed out until now die, as the documented weeks would."""
        now = self._clock()
        self._links = {name: replace(link, dies=min(link.dies, now)) for name, link in list(self._links.items())}

    async def serve(self, request: Request) -> Response:
        """GET and HEAD of one file, whole or one range of it."""
        name = request.path_params["name"]
        link = self._links.get(name)
        visits = self.reads.get(name, 0)
        self.reads[name] = visits + 1
        now = self._clock()
        if name in self._kept:
            return ranged(request.headers.get("range"), *self._kept[name])
        if link is None:
            return PlainTextResponse("no such file\n", 404)
        fault = link.faults.at(Visit(link.upstream, "file", link.api, link.recipe.prompt, link.task_id, number=visits))
        if now >= _end_of(link, fault):
            return PlainTextResponse("this link has expired\n", 404)
        if fault and fault.name in _INSTEAD:
            return _INSTEAD[fault.name]()
        recipe = replace(link.recipe, background=link.background())
        # In a thread: encoding a video must not stop the other simulators' answers.
        body = await asyncio.to_thread(make, recipe)
        kind = recipe.content_type
        if fault and fault.name == "cut":
            return Dropped(body[: len(body) // 2], len(body), kind)
        return ranged(request.headers.get("range"), body, kind)


def _end_of(link: Link, fault: Fault | None) -> float:
    if fault and fault.name == "dead":
        return 0.0
    if fault and fault.name == "dies":
        return min(link.dies, link.done + (fault.number or 0.0))
    return link.dies


def ranged(wanted: str | None, body: bytes, content_type: str) -> Response:
    """The whole body, or the single byte range asked for; several ranges are answered with the whole."""
    headers = {"accept-ranges": "bytes", "cache-control": "public, max-age=3600"}
    match = _RANGE.fullmatch(wanted.strip()) if wanted else None
    if match is None or match[1] == match[2] == "":
        return Response(body, 200, headers, content_type)
    size = len(body)
    first = int(match[1]) if match[1] else max(0, size - int(match[2]))
    last = min(int(match[2]), size - 1) if match[1] and match[2] else size - 1
    if first >= size or first > last:
        return Response(b"", 416, headers | {"content-range": f"bytes */{size}"}, content_type)
    part = headers | {"content-range": f"bytes {first}-{last}/{size}"}
    return Response(body[first : last + 1], 206, part, content_type)
