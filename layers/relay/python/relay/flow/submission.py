"""Handing a request to an upstream, in one step or several, and what is certain when a step fails.

A step whose call is `repeatable` makes nothing (an upload): before the first step that is not, every failure is a
certain refusal. That first step is still refused for certain when its connection failed or its answer says no. From
its first byte on anything else is an unknown outcome, also a refusal of a later step: what it follows was accepted,
unless the step says that it has made nothing (`unmade`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.families.provider import Api, Mode, Order, Step
from relay.flow.services import Services
from relay.nouns.errors import Refused, UnknownOutcome
from relay.nouns.task import TERMINAL, Observation
from relay.nouns.wire import Answer

MAX_STEPS = 4  # of each part; an upstream whose answers never end is not followed for ever


class Submission:
    """One attempt at one upstream; `api.seconds` bound all its steps together, and so does `until` (Unix ms)."""

    def __init__(self, services: Services, api: Api, order: Order, until: int) -> None:
        self.api, self._services, self._upstream = api, services, order.source.upstream
        self._until = min(until, services.clock() + int(api.seconds * 1000))
        self._step = api.first_step(order)
        self._most = MAX_STEPS + len(order.draft.media)  # each may be uploaded

    def prepare(self) -> None:
        """Do the steps that make nothing. Raises Refused: then nothing was made and it may be tried again."""
        for _ in range(self._most):
            if not self._step.call.repeatable:
                return
            try:
                found = self._step.read(self._send())
            except (EgressRefused, NotSent, NoAnswer, UnknownOutcome) as error:
                raise Refused(f"{self._upstream} did not prepare the submission", elsewhere=True) from error
            if isinstance(found, Observation):
                raise TypeError("a step that makes nothing was answered with a job")
            self._step = found
        if self._step.call.repeatable:
            raise Refused(f"{self._upstream} asks for too many steps", elsewhere=True)

    def submit(self, note: Callable[[Observation], None]) -> Observation:
        """Do the steps that make something; `note` is told how far they are. Raises Refused while nothing can have
        been made; after any other error it may have been."""
        for number in range(MAX_STEPS):
            try:
                found = self._stream(note) if self.api.mode is Mode.STREAM else self._step.read(self._send())
            except (EgressRefused, NotSent, Refused) as error:
                if number and not self._step.unmade:
                    raise UnknownOutcome("a later step of the submission failed") from error
                if isinstance(error, Refused):
                    raise
                raise Refused(f"{self._upstream} cannot be reached", elsewhere=True) from error
            if isinstance(found, Observation):
                return self._outcome(found)
            self._step = found
        raise UnknownOutcome("the upstream asks for too many steps")

    def _outcome(self, seen: Observation) -> Observation:
        if self.api.mode is not Mode.JOB and seen.state not in TERMINAL:
            raise UnknownOutcome("the answer holds no outcome")
        return seen

    def _send(self) -> Answer:
        return self._services.send(
            *(self._upstream, self.api, self._step.call, self._seconds_left()), image_host=self._step.image_host
        )

    def _stream(self, note: Callable[[Observation], None]) -> Observation | Step:
        with self._services.stream(self._upstream, self.api, self._step.call, self._seconds_left()) as incoming:
            if incoming.status != 200:
                return self._step.read(Answer(incoming.status, b"".join(incoming.chunks), incoming.headers))
            return self._read_stream(incoming.chunks, note)

    def _read_stream(self, chunks: Iterator[bytes], note: Callable[[Observation], None]) -> Observation:
        seen: Observation | None = None
        try:
            for seen in self.api.read_stream(chunks):
                if seen.state in TERMINAL:
                    return seen
                note(seen)
        except Refused as error:
            if seen is None:
                raise
            raise UnknownOutcome("the stream refuses what it had begun") from error
        raise UnknownOutcome("the stream ended without an outcome")

    def _seconds_left(self) -> float:
        return max(1.0, (self._until - self._services.clock()) / 1000)
