"""Renews and ends subscriptions, and asks how payments by card stand, for messages from the renew queue."""

from relay.edge.shell import Context, Event, handler, records
from relay.edge.wiring import services
from relay.flow.duties import perform

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: perform(here, **message))
