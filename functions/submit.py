"""POST of a new image, video or music task, in any dialect."""

from relay.edge.clients import ClientEndpoint
from relay.edge.operations.submit import OPERATIONS
from relay.edge.shell import handler
from relay.edge.wiring import services

services()  # while Lambda initialises, not at the first request
lambda_handler = handler(ClientEndpoint(OPERATIONS, services).resolve)
