"""Sends tasks from the dispatch queue to upstreams."""

from relay.edge.shell import Context, Event, handler, records
from relay.edge.wiring import services
from relay.flow.dispatch import dispatch

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: dispatch(here, message["account_id"], message["task_id"]))
