"""Task queries in any dialect, and every path no other function knows."""

from relay.edge.clients import ClientEndpoint
from relay.edge.operations.status import OPERATIONS
from relay.edge.shell import handler
from relay.edge.wiring import services

services()  # while Lambda initialises, not at the first request
lambda_handler = handler(ClientEndpoint(OPERATIONS, services).resolve)
