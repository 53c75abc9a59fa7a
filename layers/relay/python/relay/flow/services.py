"""Everything the workers work with, as one value; tests build it by hand."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urljoin

from relay.effects.bucket import Bucket
from relay.effects.outbound import EgressRefused, Incoming, NoAnswer, NotSent
from relay.effects.poller import Poller
from relay.effects.queues import Queues
from relay.effects.store import Store
from relay.families import provider
from relay.families.provider import Api, Job, Provider
from relay.flow.card_gateway import CardGateway
from relay.flow.payments import BALANCE_ALONE, Payment
from relay.flow.shares import Shares
from relay.nouns.catalog import Catalog
from relay.nouns.credential import CREDENTIALS, mask
from relay.nouns.errors import Unreadable
from relay.nouns.task import Observation, Task
from relay.nouns.urls import path_at
from relay.nouns.wire import Answer, Call, Json

REDIRECTS = (301, 302, 303, 307, 308)
FETCH = {"user-agent": "genrelay", "accept-encoding": "identity"}  # for files, whose bytes are copied as they come
MORE_SECONDS = 3.0  # at most, of the query's own time, for what is asked beside it: news of the task waits for it
UPSTREAMS_ON = "upstreams-on"  # the parameter that lists them, in JSON


class Http(Protocol):
    """Where connections go out: `relay.effects.outbound.Outbound`, or in tests anything that answers."""

    def check(self, url: str, seconds: float = ...) -> None: ...

    def send(self, call: Call) -> Answer: ...

    def open(self, call: Call, chunk: int = ...) -> AbstractContextManager[Incoming]: ...

    def stream(self, call: Call) -> AbstractContextManager[Incoming]: ...


class Count(Protocol):
    """Adds one to a named metric, and to the same metric of one upstream where that is named."""

    def __call__(self, name: str, *, upstream: str | None = None) -> None: ...


class SecretStore(Protocol):
    def find(self, name: str) -> str | None: ...

    def need(self, name: str) -> str: ...

    def refresh(self) -> None: ...


@dataclass(frozen=True)
class Services:
    """`clock` gives Unix milliseconds, `random_bits` n random bits."""

    catalog: Catalog
    store: Store
    queues: Queues
    poller: Poller
    http: Http
    secrets: SecretStore
    clock: Callable[[], int]
    random_bits: Callable[[int], int]
    count: Count
    bucket: Bucket
    archive: bool = False  # results are copied to our bucket before they are announced
    largest_result: int = 2 << 30  # bytes; far above any result known, far below what a lying link could send
    public_url: str = ""
    deployment: str = ""  # what this deployment is called in the tokens it issues
    sign_up: bool = False  # whether strangers may open accounts
    fronted: bool = False  # whether clients ask CloudFront, which asks us
    upstream_urls: Mapping[str, str] = field(default_factory=dict)
    resting: dict[str, int] = field(default_factory=dict)  # upstreams to leave alone, until when (Unix ms)
    woken: dict[int, int] = field(default_factory=dict)  # shards whose poller this container knows to run
    shares: Shares = field(default_factory=Shares)  # what this container knows of whom it may deliver for
    cards: CardGateway | None = None  # who takes payments by card; None: nobody does
    payments: Mapping[str, Payment] = field(default_factory=lambda: BALANCE_ALONE)  # the ways to pay an invoice
    threads: int = 24  # upstreams the clock asks at once
    pause: Callable[[float], None] = time.sleep  # seconds, while a client waits for its task's end
    providers: Callable[[str], Provider] = provider  # by the name of their family

    def upstreams_on(self) -> frozenset[str]:
        """The upstreams we hold a key for, as the operator's tools list them beside the keys: who accepts requests
        must know which there are, and must not be able to read one."""
        return frozenset(json.loads(self.secrets.find(UPSTREAMS_ON) or "[]"))

    def provider(self, upstream: str) -> Provider | None:
        """The translators for an upstream, or None where we hold no key for it: then it is switched off."""
        key = self.secrets.find(f"upstreams/{upstream}/key")
        return self.providers(self.catalog.upstreams[upstream].family) if key else None

    def send(self, upstream: str, api: Api, call: Call, seconds: float, *, image_host: bool = False) -> Answer:
        """Make a translator's call at an upstream, or at its image host, with the address and our key there, which is
        masked in the answer. Raises EgressRefused, NotSent or NoAnswer.
        """
        addressed, hidden = self.address(upstream, call, seconds, self._host(upstream) if image_host else None)
        answer = self.http.send(replace(addressed, largest_answer=api.largest_answer))
        return replace(answer, body=b"".join(mask(iter([answer.body]), hidden)))

    @contextmanager
    def stream(self, upstream: str, api: Api, call: Call, seconds: float) -> Iterator[Incoming]:
        """The same for an answer that is read while it is written; reading it raises NoAnswer."""
        addressed, hidden = self.address(upstream, call, seconds)
        with self.http.stream(replace(addressed, largest_answer=api.largest_answer)) as incoming:
            yield replace(incoming, chunks=mask(incoming.chunks, hidden))

    @contextmanager
    def fetch(self, upstream: str, url: str, seconds: float) -> Iterator[Incoming]:
        """A file that our key opens: at a path of the upstream, or at an address on its host; no other host is told it.

        A redirect is followed once, without the key. Raises as `send` does, and so does reading.
        """
        addressed, hidden = self.address(upstream, Call("GET", path_at(self._base(upstream), url), FETCH), seconds)
        with self.http.open(addressed) as incoming:
            location = incoming.headers.get("location", "") if incoming.status in REDIRECTS else ""
            if not location:
                yield incoming
                return
        if any(secret in location.encode() for secret in hidden):
            raise EgressRefused("would tell our key to another host")
        with self.http.open(Call("GET", urljoin(addressed.url, location), FETCH, timeout=seconds)) as incoming:
            yield incoming

    def _base(self, upstream: str) -> str:
        return self.upstream_urls.get(upstream, self.catalog.upstreams[upstream].base_url).rstrip("/")

    def _host(self, upstream: str) -> str:
        known = self.catalog.upstreams[upstream].image_host
        return self.upstream_urls.get(f"{upstream}.image_host", known).rstrip("/")

    def address(self, upstream: str, call: Call, seconds: float, base: str | None = None) -> tuple[Call, list[bytes]]:
        """The call as it is sent, and what of our key has to be masked in the answer. Raises NotSent."""
        known = self.catalog.upstreams[upstream]
        key = self.secrets.find(f"upstreams/{upstream}/key")
        if not key or not call.url.startswith("/"):
            raise NotSent(f"no key for {upstream}" if not key else "the call has no path")
        credential = CREDENTIALS.get(known.credential) or self.providers(known.family).credential
        try:
            sent = credential.write(key, self.clock() // 1000)
        except ValueError as error:  # its text may hold the key
            raise NotSent(f"the key of {upstream} is not of the form its credential takes") from error
        headers = {**call.headers, credential.header: sent}
        addressed = replace(call, url=(base or self._base(upstream)) + call.url, headers=headers, timeout=seconds)
        return addressed, credential.hidden(key, sent)

    def ask(self, task: Task, upstream_task_id: str, seconds: float) -> Observation:
        """How a task stands at its upstream, by an authenticated query; all that is asked ends within `seconds`.

        Raises Unreadable.
        """
        until = self.clock() + int(seconds * 1000)
        upstream = task.upstream or ""
        translators = self.provider(upstream)
        if translators is None:
            raise Unreadable(f"no key for upstream {upstream}")
        api = translators.apis[task.api]
        job = Job(upstream_task_id, task.label or task.platform, task.action)
        call = api.write_query(job)
        try:
            answer = self.send(upstream, api, replace(call, repeatable=True), seconds)
        except (EgressRefused, NotSent, NoAnswer) as error:
            raise Unreadable(str(error)) from error
        # the id we asked about is the one that counts; what the answer echoes may be spelled otherwise
        seen = api.read_query(answer)
        if any(asset.data is not None for asset in seen.assets):
            raise Unreadable("a status query was answered with a file's bytes, which only who sends a task may store")
        return replace(seen, upstream_task_id=upstream_task_id, facts=self._ask_more(upstream, api, job, seen, until))

    def _ask_more(self, upstream: str, api: Api, job: Job, seen: Observation, until: int) -> Mapping[str, Json]:
        """The facts, with what a question of their own tells in the time that is left."""
        call = api.more.write(job, seen) if api.more else None
        seconds = min(MORE_SECONDS, (until - self.clock()) / 1000)
        if api.more is None or call is None or seconds <= 0:
            return seen.facts
        try:
            answer = self.send(upstream, api, replace(call, repeatable=True), seconds)
        except (EgressRefused, NotSent, NoAnswer):
            return seen.facts
        return {**seen.facts, **api.more.read(answer)}
