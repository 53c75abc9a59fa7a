"""Wraps every Lambda handler: structured logs with the request id, metrics, and SQS batches with partial failures."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext as Context

from relay.effects.metrics import flush

__all__ = ["Context", "Event", "Handler", "gauge", "handler", "records"]

logger = Logger(child=True)

Event = dict[str, Any]
Handler = Callable[[Event, Context], Any]


def handler(work: Handler) -> Handler:
    """A Lambda handler. Events are never logged: they hold prompts and keys."""
    # Powertools warns when an invocation counted nothing, which is usual here
    warnings.filterwarnings("ignore", "No application metrics to publish")
    logged: Handler = Metrics().log_metrics(Logger().inject_lambda_context(work))

    def run(event: Event, context: Context) -> Any:  # noqa: ANN401 - whatever the function answers
        try:
            return logged(event, context)
        finally:
            flush()

    return run


def gauge(name: str, value: int) -> None:
    """Publish a metric's current value, also 0."""
    Metrics().add_metric(name=name, unit=MetricUnit.NoUnit, value=value)


def records(event: Event, each: Callable[[dict[str, Any]], None], threads: int = 1) -> Event:
    """Run `each` on every message of an SQS batch; only those that fail are reported to SQS and come again.

    With `threads` > 1 the messages of a batch run in parallel. Powertools' batch processor is not used: it imports
    seventy more modules at every cold start.
    """
    batch = event["Records"]
    if threads == 1:
        done = [_succeeds(record, each) for record in batch]
    else:
        with ThreadPoolExecutor(threads) as pool:
            done = list(pool.map(lambda record: _succeeds(record, each), batch))
    failed = [record["messageId"] for record, well in zip(batch, done, strict=True) if not well]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _succeeds(record: dict[str, Any], each: Callable[[dict[str, Any]], None]) -> bool:
    about: dict[str, Any] = {"message_id": record["messageId"]}
    try:
        message = json.loads(record["body"])
        about |= {name: message[name] for name in ("trace_id", "account_id", "task_id") if name in message}
        message.pop("trace_id", None)
        each(message)
    except Exception:
        logger.exception("message failed", **about)
        return False
    return True
