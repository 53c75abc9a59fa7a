"""Clients to tell how their task ended, from the deliver queue and the retry queue."""

from relay.flow.deliver import THREADS, deliver
from relay.shell import Context, Event, handler, records
from relay.wiring import house


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    here = house()  # before the threads, so that they share one
    return records(event, lambda message: deliver(here, **message), THREADS)
