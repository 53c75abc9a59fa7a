"""Sends callbacks to clients, for messages from the deliver queue and the retry queue."""

from relay.edge.shell import Context, Event, handler, records
from relay.edge.wiring import services
from relay.flow.deliver import THREADS
from relay.flow.telling import tell

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: tell(here, message), THREADS)
