"""Every minute: start the poller where something is due."""

from relay.flow.clock import sweep
from relay.shell import Context, Event, handler
from relay.wiring import house


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return {"started": sweep(house())}
