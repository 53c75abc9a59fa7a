"""One lap of the Step Functions poller over one shard."""

from relay.edge.shell import Context, Event, handler
from relay.edge.wiring import services
from relay.flow.clock import poll

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    lap = poll(here, event["shard"], event["until"])
    return {**event, "more": lap.more, "wait": lap.wait}
