"""POST of a new image, video or music task, in any dialect."""

from relay.edge.gateway import ClientEndpoints
from relay.edge.shell import handler
from relay.edge.wiring import services

lambda_handler = handler(ClientEndpoints("submit", services).resolve)
