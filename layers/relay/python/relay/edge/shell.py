"""What every function wears: structured logs with the request's id, metrics flushed at the end, batches by record."""

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
    # most invocations count nothing, which Powertools takes for an oversight
    warnings.filterwarnings("ignore", "No application metrics to publish")
    logged: Handler = Metrics().log_metrics(Logger().inject_lambda_context(work))

    def run(event: Event, context: Context) -> Any:  # noqa: ANN401 - whatever the function answers
        try:
            return logged(event, context)
        finally:
            flush()

    return run


def gauge(name: str, value: int) -> None:
    """Publish how something stands; 0 counts, unlike where things are counted as they happen."""
    Metrics().add_metric(name=name, unit=MetricUnit.NoUnit, value=value)


def records(event: Event, each: Callable[[dict[str, Any]], None], threads: int = 1) -> Event:
    """Run `each` on every message of an SQS batch; those that fail are reported and come again, the others do not.

    With `threads` the messages of a batch run side by side, so that none waits for a slow one before it.
    Powertools' processor would do it as well, for seventy more modules at every cold start.
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
