"""Who is asked for a model call, in which order, and what is made of it when one of them does not answer it."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from aws_lambda_powertools import Logger

from relay.effects.outbound import EgressRefused, NoAnswer, NotSent
from relay.effects.outbound.open_lines import Arriving, OpenLines
from relay.families.inference import InferenceApi
from relay.flow.availability import FAULT_REST_MS, KEY_REST_MS
from relay.flow.event_stream import EventTooLarge
from relay.flow.quoting import quote
from relay.flow.services import Services
from relay.nouns.catalog import Source
from relay.nouns.errors import BadInput, InvalidParameter, Refused, Unsupported
from relay.nouns.faults import SENTENCES
from relay.nouns.inference import Inference
from relay.nouns.wire import compact

FAILURES = (Refused, NoAnswer, NotSent, EgressRefused, EventTooLarge)  # of one source
LINE_SECONDS = 840.0  # a call may take; a function has 900
LARGEST_REFUSAL = 1 << 16  # bytes read of an answer that refuses
QUOTED = 20_000  # characters of a request that are kept out of the log

logger = Logger(child=True)


@dataclass(frozen=True, slots=True)
class Sources:
    services: Services
    lines: OpenLines

    def of(self, asked: Inference) -> Iterator[tuple[InferenceApi, Source]]:
        """The sources of a model that speak the shape asked for, in the order they are tried: by priority, among equals
        in proportion to weight.

        Raises Unsupported where the upstream of none is on, InvalidParameter where none of those carries a field.
        """
        model, found, lacking = self.services.catalog.models[asked.model], False, ""
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
            found = True
            if self.services.resting.get(source.upstream, 0) <= self.services.clock():
                yield api, source
        if lacking and not found:
            raise InvalidParameter(lacking, "is not taken by this model", "该模型不支持")
        if not found:
            raise Unsupported("this model is not available here at present", "该模型目前不可用", field="model")

    @asynccontextmanager
    async def open(self, api: InferenceApi, source: Source, asked: Inference) -> AsyncIterator[Arriving]:
        """The answer of a source. Raises what FAILURES lists."""
        call, hidden = self.services.address(source.upstream, api.write(asked, source.model), LINE_SECONDS)
        async with self.lines.open(call) as found:
            arriving = replace(found, hidden=hidden)
            if not 200 <= arriving.status < 300:
                raise api.refuse(await arriving.whole(LARGEST_REFUSAL))
            yield arriving

    def pass_over(self, source: Source, asked: Inference, error: Exception) -> None:
        """Note why a source does not answer. Raises BadInput where no other would either."""
        self.note(source, asked, error)
        if not isinstance(error, Refused) or error.elsewhere:
            return
        field = error.facts.get("param")
        told = f"{field} is not accepted by this model" if field else "the model does not accept this request"
        english, chinese = SENTENCES.get(error.task_code, (told, "模型不接受该请求"))
        if error.task_code == "INVALID_PARAMETER":
            english, chinese = told, "模型不接受该请求"
        raise BadInput(english, chinese, field=str(field) if field else None) from error

    def note(self, source: Source, asked: Inference, error: Exception) -> None:
        """Count and log it; where it concerns all requests, the source is not asked for a while."""
        key = isinstance(error, Refused) and error.key
        if key or isinstance(error, NotSent):
            rest = KEY_REST_MS if key else FAULT_REST_MS
            self.services.resting[source.upstream] = self.services.clock() + rest
        self.services.count("UpstreamKeyRefused" if key else "LineFailed", upstream=source.upstream)
        said = error.words if isinstance(error, Refused) else str(error)
        code = error.upstream_code if isinstance(error, Refused) else type(error).__name__
        words = quote(said, compact(asked.document).decode()[:QUOTED]) if said else ""
        logger.warning("model call not answered", upstream=source.upstream, model=asked.model, code=code, words=words)
