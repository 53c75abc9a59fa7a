"""Inspects files uploaded by form; invoked by the bucket's ObjectCreated events."""

from urllib.parse import unquote_plus

from relay.edge.shell import Context, Event, handler
from relay.edge.wiring import services
from relay.flow.uploads import inspect_upload

here = services()


@handler
def lambda_handler(event: Event, context: Context) -> None:
    for record in event["Records"]:
        inspect_upload(here, unquote_plus(record["s3"]["object"]["key"]))
