"""Task queries in any dialect, and every path no other function knows."""

from relay.edge.gateway import ClientEndpoints
from relay.edge.shell import handler
from relay.edge.wiring import services

lambda_handler = handler(ClientEndpoints("status", services).resolve)
