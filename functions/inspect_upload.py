"""Files that came into the bucket by form, told by the bucket itself."""

from urllib.parse import unquote_plus

from relay.flow.uploads import check
from relay.shell import Context, Event, handler
from relay.wiring import house


@handler
def lambda_handler(event: Event, context: Context) -> None:
    for record in event["Records"]:
        check(house(), unquote_plus(record["s3"]["object"]["key"]))
