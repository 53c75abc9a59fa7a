"""Tasks whose results are to be copied, from the archive queue."""

from relay.flow.archive import archive
from relay.shell import Context, Event, handler, records
from relay.wiring import house


@handler
def lambda_handler(event: Event, context: Context) -> Event:
    return records(event, lambda message: archive(house(), **message))
