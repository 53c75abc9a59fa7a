"""Who is asked for a model call, in which order, and what is made of it when one of them does not answer it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from aws_lambda_powertools import Logger

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.effects.outbound.open_lines import Arriving, OpenLines
from relay.families.inference import InferenceApi
from relay.families.inference_answers import named_field
from relay.families.inference_requests import BYTES_PER_TOKEN, texts_of
from relay.families.refusals import PARAMETER
from relay.flow.apart import apart
from relay.flow.availability import rest, rest_left
from relay.flow.event_stream import EventTooLarge
from relay.flow.quoting import quote
from relay.flow.services import Services
from relay.nouns.catalog import Source
from relay.nouns.errors import BadInput, InvalidParameter, Refused, Unsupported
from relay.nouns.faults import SENTENCES
from relay.nouns.inference import Inference

FAILURES = (Refused, NoAnswer, NotSent, EgressRefused, EventTooLarge)  # of one source
LINE_SECONDS = 840.0  # a call may take; a function has 900
LARGEST_REFUSAL = 1 << 16  # bytes read of an answer that refuses
QUOTED = 20_000  # bytes of a request that are kept out of the log; of a longer one nothing is quoted

logger = Logger(child=True)


@dataclass(frozen=True, slots=True)
class Sources:
    services: Services
    lines: OpenLines
    seconds: float = LINE_SECONDS  # for all of a model's sources together

    def of(self, asked: Inference) -> Iterator[tuple[InferenceApi, Source, float]]:
        """The sources of a model that speak the shape asked for, in the order they are tried, with the seconds that are
        left then: by priority, among equals in proportion to weight.

        Raises Unsupported where the upstream of none is on, InvalidParameter where none of those carries a field.
        """
        model, found, lacking = self.services.catalog.models[asked.model], False, ""
        loop = asyncio.get_running_loop()
        ends = loop.time() + self.seconds
        for source in sorted(model.sources, key=lambda each: (each.priority, -(random.random() ** (1 / each.weight)))):  # noqa: S311
            translators = self.services.provider(source.upstream)
            if translators is None:
                continue
            api = translators.inference[source.api]
            if api.shape.name != asked.shape:
                continue
            if lacks := api.lacks(asked):
                lacking = lacks
                continue
            found, left = True, ends - loop.time()
            if left > 0 and not rest_left(self.services, source.upstream):
                yield api, source, left
        if lacking and not found:
            raise InvalidParameter(lacking, "is not taken by this model", "该模型不支持")
        if not found:
            raise Unsupported("this model is not available here at present", "该模型目前不可用", field="model")

    @asynccontextmanager
    async def open(
        self, api: InferenceApi, source: Source, asked: Inference, seconds: float
    ) -> AsyncIterator[Arriving]:
        """The answer of a source. Raises what FAILURES lists."""
        written = await apart(BYTES_PER_TOKEN * asked.estimate.input, api.write, asked, source.model)
        call, hidden = self.services.address(source.upstream, written, seconds)
        async with self.lines.open(call) as found:
            arriving = replace(found, hidden=hidden)
            if not 200 <= arriving.status < 300:
                answer = await arriving.whole(LARGEST_REFUSAL)
                refusal = api.refuse(answer)
                refusal.field = named_field(answer, asked.document)
                raise refusal
            yield arriving

    def pass_over(self, source: Source, asked: Inference, error: Exception) -> None:
        """Note why a source does not answer. Raises BadInput where no other would either."""
        self.note(source, asked, error)
        if not isinstance(error, Refused) or error.elsewhere:
            return
        field = error.field
        told = f"{field} is not accepted by this model" if field else "the model does not accept this request"
        ours = SENTENCES.get(error.task_code) if error.task_code != PARAMETER else None
        raise BadInput(*(ours or (told, "模型不接受该请求")), field=field) from error

    def note(self, source: Source, asked: Inference, error: Exception) -> None:
        """Count and log it; where it concerns all requests, the source is not asked for a while."""
        key = isinstance(error, Refused) and error.key
        if key or isinstance(error, NotSent):
            rest(self.services, source.upstream, key=key)
        self.services.count("UpstreamKeyRefused" if key else "LineFailed", upstream=source.upstream)
        code, words = type(error).__name__, str(error)
        if isinstance(error, Refused):
            code, words = _quoted(error, asked)
        logger.warning("model call not answered", upstream=source.upstream, model=asked.model, code=code, words=words)


def _quoted(error: Refused, asked: Inference) -> tuple[str, str]:
    """An upstream's code and words without the request's own texts; nothing where it is too long to look for them."""
    if asked.estimate.input * BYTES_PER_TOKEN > QUOTED:
        return "", ""
    private = " ".join(texts_of(asked.document))
    return quote(error.upstream_code, private), quote(error.words, private)
