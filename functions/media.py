"""Links to stored files, on to the bucket."""

from relay.edge.gateway import MediaEndpoint
from relay.edge.shell import handler
from relay.edge.wiring import services

lambda_handler = handler(MediaEndpoint(services).resolve)
