"""Renews and ends subscriptions, and asks how payments by card stand, for messages from the renew queue."""

from relay.edge.paying import paying_services
from relay.edge.shell import Context, Event, handler, records
from relay.flow.duties import perform

here = paying_services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: perform(here, **message))
