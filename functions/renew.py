"""Renews and ends subscriptions, for messages from the renew queue."""

from relay.edge.shell import Context, Event, handler, records
from relay.edge.wiring import services
from relay.flow.renewals import renew

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: renew(here, message["account_id"]))
