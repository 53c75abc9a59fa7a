"""Passing a model call on: to the first upstream that takes it, and its answer back while it arrives.

Another source is tried until the first event of an answer is there, and never after. What was used is charged once,
however the call ends: as the upstream says, or, where it did not say it at the end, by a stated estimate
(`inference_answers.estimated`). A call that was refused everywhere costs nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal

from relay.effects.outbound.open_lines import Arriving
from relay.families.inference import Completed, Event, EventReader, EventWriter, Shape
from relay.families.inference_answers import estimated, read_raw_event, written
from relay.flow.access import Caller
from relay.flow.apart import apart
from relay.flow.blocks import Hold
from relay.flow.event_stream import cut_events
from relay.flow.line_shares import LineShares
from relay.flow.read_limit import ReadLimit
from relay.flow.reserving import Reservations
from relay.flow.sources import FAILURES, Sources
from relay.nouns.credential import mask_whole
from relay.nouns.errors import Forbidden, Refused, RelayError
from relay.nouns.inference import Bill, Inference, Tokens
from relay.nouns.line_errors import Broken, Unavailable
from relay.nouns.money import NANOS
from relay.nouns.wire import Json

REST_SECONDS = 5.0  # for what may follow the last event of an answer: what was used, and the stream's own end
DONE = (b"data: [DONE]", b"data:[DONE]")  # how streams say that they are whole
LARGEST_ANSWER = 32 << 20  # bytes of an answer in one piece


@dataclass(slots=True)
class Meter:
    """What a call has used so far, and how its answer stands."""

    shape: Shape
    asked: Inference
    told: Tokens | None = None  # by the upstream
    wrote: int = 0  # bytes of what the model wrote
    began: bool = False
    ended: bool = False

    def note(self, event: Event) -> bool:
        """Whether the event tells what was used, or has to."""
        found = self.shape.read_usage(event.document)
        self.began = True
        self.wrote += written(event.raw) if self.shape.adds(event.document) else 0
        self.ended = self.ended or self.shape.ends(event.document)
        self.told = found.after(self.told or found) if found else self.told
        return found is not None or self.shape.lacks_usage(event.document)

    @property
    def used(self) -> Tokens:
        if self.told and self.ended:
            return self.told
        return estimated(self.asked, self.told, self.wrote) if self.began else Tokens()


@dataclass(slots=True)
class Inferring:
    """The model calls of one process."""

    sources: Sources
    shares: LineShares
    reservations: Reservations
    _minutes: ReadLimit = field(default_factory=ReadLimit)

    async def complete(self, caller: Caller, asked: Inference) -> Completed:
        """A call that is answered in one piece. Raises RelayError: then nothing was charged."""
        async with self._line(caller, asked) as hold:
            used, ok = estimated(asked, None, 0), False  # where the client goes away from an upstream that is at work
            try:
                document, used = await self._whole(asked)
                ok = True
            except Exception:
                used = Tokens()
                raise
            finally:
                bill = await self._settle(hold, asked, used, ok=ok)
            return Completed(asked, document, bill)

    async def _whole(self, asked: Inference) -> tuple[Mapping[str, Json], Tokens]:
        for api, source, seconds in self.sources.of(asked):
            try:
                async with self.sources.open(api, source, asked, seconds) as arriving:
                    answer = await arriving.whole(LARGEST_ANSWER)
                document = await apart(len(answer.body), api.read, answer)
                return document, api.shape.read_usage(document) or estimated(asked, None, written(answer.body))
            except FAILURES as error:
                self.sources.pass_over(source, asked, error)
        raise Unavailable

    async def stream(self, caller: Caller, asked: Inference, writer: EventWriter) -> AsyncGenerator[bytes, None]:
        """The same in pieces as they arrive. Raises RelayError before the first: then nothing was charged; a later one
        says what went wrong, and what had come is charged. Close it to stop the upstream."""
        async with self._line(caller, asked) as hold:
            meter, broken = Meter(writer.shape, asked), False
            try:
                async with aclosing(self._events(asked, meter)) as events:
                    async for event in events:
                        bill = self._bill(asked, meter.used, final=meter.ended) if meter.note(event) else None
                        if piece := writer.write(event, bill):
                            yield piece
            except RelayError:
                if not meter.began:
                    raise
                broken = True
            except (asyncio.CancelledError, GeneratorExit):  # the client went away from an upstream that was at work
                meter.began = True
                raise
            finally:
                bill = await self._settle(hold, asked, meter.used, ok=meter.ended and not broken)
            yield writer.broken(Broken()) if broken else writer.end(bill)

    async def _events(self, asked: Inference, meter: Meter) -> AsyncGenerator[Event, None]:
        """The events of the first source that has one. Raises RelayError."""
        for api, source, seconds in self.sources.of(asked):
            try:
                reader = api.reader(asked, self.reservations.services.clock() // 1000)
                async with (
                    self.sources.open(api, source, asked, seconds) as arriving,
                    aclosing(_heard(reader, arriving, meter)) as events,
                ):
                    async for event in events:
                        yield event
                if not meter.ended:
                    raise Refused("the stream ends too early", elsewhere=True)
            except FAILURES as error:
                if meter.began:
                    self.sources.note(source, asked, error)
                    raise Broken from error
                self.sources.pass_over(source, asked, error)
            else:
                return
        raise Unavailable

    @asynccontextmanager
    async def _line(self, caller: Caller, asked: Inference) -> AsyncIterator[Hold]:
        """A line of the key's, and money for the call. Raises Forbidden, RateLimited, InsufficientBalance, …"""
        services = self.reservations.services
        limits, model = services.catalog.tiers[caller.tier].lines, services.catalog.models[asked.model]
        caller.check_model(asked.model)
        if model.premium and not limits.premium:
            raise Forbidden("this model is for paying accounts", "该模型仅供付费账户使用", field="model")
        most = min(limits.per_minute, caller.terms.per_minute or limits.per_minute)
        self._minutes.take(f"{caller.account_id}#{caller.key_id}", most, services.clock())
        async with self.shares.line(caller, limits.at_once):
            yield await self.reservations.reserve(caller, asked)

    async def _settle(self, hold: Hold, asked: Inference, used: Tokens, *, ok: bool) -> Bill:
        bill = self._bill(asked, used)
        await self.reservations.settle(hold, used, bill.cost, ok=ok)
        return bill

    def _bill(self, asked: Inference, used: Tokens, *, final: bool = True) -> Bill:
        catalog = self.reservations.services.catalog
        cost = catalog.models[asked.model].paid_rates.cost(used)
        return Bill(used, cost, float(round(Decimal(cost) / NANOS / catalog.usd, 12)), final)


async def _heard(reader: EventReader, arriving: Arriving, meter: Meter) -> AsyncGenerator[Event, None]:
    """The events of an answer. Raises Refused, NoAnswer, EventTooLarge.

    A stream that says [DONE] is whole, whether or not an event told before that the model had ended. After the last
    event that matters the upstream has a few seconds more: some tell what was used only then.
    """
    raws = cut_events(arriving.chunks)
    while raw := await (_last(raws) if meter.ended else anext(raws, None)):
        if raw.startswith(DONE):
            for event in reader.finish() if meter.began else ():
                yield event
            meter.ended = meter.began
            return
        if heard := read_raw_event(mask_whole(raw, arriving.hidden)):
            for event in reader.read(heard):
                yield event


async def _last(raws: AsyncIterator[bytes]) -> bytes | None:
    """What may follow the end of an answer."""
    try:
        async with asyncio.timeout(REST_SECONDS):
            return await anext(raws, None)
    except TimeoutError:
        return None
