"""Every minute: start the poller for shards with due tasks."""

from relay.edge.shell import Context, Event, handler
from relay.edge.wiring import services
from relay.flow.clock import sweep

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return {"started": sweep(here)}
