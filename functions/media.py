"""Links to stored files, on to the bucket."""

from relay.edge.media import MediaEndpoint
from relay.edge.shell import handler
from relay.edge.wiring import services

services()  # while Lambda initialises, not at the first request
lambda_handler = handler(MediaEndpoint(services).resolve)
