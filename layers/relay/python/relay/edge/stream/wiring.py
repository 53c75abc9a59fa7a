"""Builds the stream endpoint of this process from its environment."""

from __future__ import annotations

from aws_lambda_powertools import Logger
from starlette.applications import Starlette

from relay.edge.operations import account, status, submit
from relay.edge.stream.app import StreamEndpoint, application
from relay.edge.wiring import services, settings
from relay.effects.metrics import publish
from relay.effects.outbound import Outbound
from relay.effects.outbound.open_lines import OpenLines

OPERATIONS = {**submit.OPERATIONS, **status.OPERATIONS, **account.OPERATIONS}


def stream_app() -> Starlette:
    """The ASGI application. No handler wraps its work, so its logger and its metrics are set up here."""
    Logger()  # all others are its children
    given = settings()
    lines = OpenLines(Outbound(given.egress))
    endpoint = StreamEndpoint(services(), OPERATIONS, lines, keep=given.line_block_seconds * 1000)
    return application(endpoint, publish)
