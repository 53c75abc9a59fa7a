"""One lap of the Step Functions poller over one shard."""

from relay.flow.clock import poll
from relay.shell import Context, Event, handler
from relay.wiring import house


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    lap = poll(house(), event["shard"], event["until"])
    return {**event, "more": lap.more, "wait": lap.wait}
