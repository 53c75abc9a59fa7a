"""Balance and consumption."""

from relay.gateway import ClientDoor
from relay.shell import handler
from relay.wiring import house

lambda_handler = handler(ClientDoor("account", house).resolve)
