"""Clients to tell how their task ended, from the deliver queue."""

from relay.flow.deliver import deliver
from relay.shell import Context, Event, handler, records
from relay.wiring import house


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: deliver(house(), **message))
