"""One round over the due tasks of one shard; invoked in a loop by the Step Functions poller."""

from relay.edge.shell import Context, Event, handler
from relay.edge.wiring import services
from relay.flow.clock import poll

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    lap = poll(here, event["shard"], event["until"])
    return {**event, "more": lap.more, "wait": lap.wait}
