"""What every function wears: structured logs with the request's id, metrics flushed at the end, batches by record."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext as Context

__all__ = ["Context", "Event", "Handler", "handler", "records"]

Event = dict[str, Any]
Handler = Callable[[Event, Context], Any]


def handler(work: Handler) -> Handler:
    """A Lambda handler. Events are never logged: they hold prompts and keys."""
    # most invocations count nothing, which Powertools takes for an oversight
    warnings.filterwarnings("ignore", "No application metrics to publish")
    logged: Handler = Logger().inject_lambda_context(work)
    return Metrics().log_metrics(logged)


def records(event: Event, context: Context, each: Callable[[dict[str, Any]], None]) -> Event:
    """Run `each` on every message of an SQS batch; those that fail are reported and come again, the others do not."""

    def one(record: SQSRecord) -> None:
        each(json.loads(record.body))

    answer: Event = process_partial_response(event, one, _processor(), context)  # type: ignore[assignment]
    return answer


def _processor() -> BatchProcessor:
    # a batch in which every record failed is still answered record by record: the reports are what SQS acts on
    return BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
