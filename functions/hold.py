"""Sends tasks from the hold queue to upstreams whose answers take minutes."""

from relay.edge.shell import Context, Event, handler, records
from relay.edge.wiring import services
from relay.flow.hold import hold

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: hold(here, message["account_id"], message["task_id"]))
