"""Files that clients bring."""

from relay.gateway import ClientDoor
from relay.shell import handler
from relay.wiring import house

lambda_handler = handler(ClientDoor("upload", house).resolve)
