"""Copies results into the bucket, for tasks from the archive queue."""

from relay.edge.shell import Context, Event, handler, records
from relay.edge.wiring import services
from relay.flow.archive import archive

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: archive(here, **message))
