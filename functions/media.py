"""GET and HEAD of our links to stored files: the file itself, or a redirect to S3."""

from relay.edge.media import MediaEndpoint
from relay.edge.shell import handler
from relay.edge.wiring import services

services()  # while Lambda initialises, not at the first request
lambda_handler = handler(MediaEndpoint(services).resolve)
