"""Tasks to hand to an upstream, from the dispatch queue."""

from relay.flow.dispatch import dispatch
from relay.shell import Context, Event, handler, records
from relay.wiring import house


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: dispatch(house(), message["account_id"], message["task_id"]))
