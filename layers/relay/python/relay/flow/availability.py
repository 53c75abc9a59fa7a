"""Which upstreams to leave alone for now: those that refuse our key, cannot be reached, or have no intake slot free."""

from __future__ import annotations

from aws_lambda_powertools import Logger

from relay.effects.outbound import NotSent
from relay.flow.quoting import quote_for_request
from relay.flow.services import Services
from relay.nouns.draft import Draft
from relay.nouns.errors import Refused
from relay.nouns.task import Task

KEY_REST_MS = 300_000  # ms to leave an upstream alone that does not take our key
FAULT_REST_MS = 10_000  # ms to leave one alone that could not be reached

logger = Logger(child=True)


class OurFault(Refused):
    """Something of ours failed before anything was sent, so no upstream is to blame; the log says what."""


def busy_for(services: Services, upstream: str) -> float:
    """Seconds until it can be asked; at 0 a slot has been taken for the request at hand."""
    return _rest_left(services, upstream) or _take_slot(services, upstream)


def _rest_left(services: Services, upstream: str) -> float:
    """Seconds an upstream is still to be left alone."""
    return max(0, services.resting.get(upstream, 0) - services.clock()) / 1000


def refuses_key(services: Services, upstream: str) -> bool:
    """Whether it rests because of our key: that is not soon mended, so waiting for it is no use to anybody."""
    return _rest_left(services, upstream) > FAULT_REST_MS / 1000


def _take_slot(services: Services, upstream: str) -> float:
    intake = services.catalog.upstreams[upstream].intake
    return services.store.directory.take_slot(upstream, intake, services.clock()) if intake else 0.0


def note_refusal(services: Services, task: Task, draft: Draft, upstream: str, refusal: Refused) -> None:
    """Count it, and leave the upstream alone for a while where the refusal is not about this one request."""
    if isinstance(refusal, OurFault):
        return
    unreachable = isinstance(refusal.__cause__, NotSent)
    if refusal.key or unreachable:
        services.resting[upstream] = services.clock() + (KEY_REST_MS if refusal.key else FAULT_REST_MS)
    services.count("UpstreamKeyRefused" if refusal.key else "UpstreamRefused", upstream=upstream)
    code = quote_for_request(draft, refusal.upstream_code or type(refusal.__cause__ or refusal).__name__)
    words = quote_for_request(draft, refusal.words or refusal.message)
    logger.warning("upstream refused", **task.log_keys, upstream=upstream, code=code, words=words)
