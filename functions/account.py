"""Balance and consumption."""

from relay.edge.gateway import ClientEndpoints
from relay.edge.shell import handler
from relay.edge.wiring import services

lambda_handler = handler(ClientEndpoints("account", services).resolve)
