"""POST of a new image, video or music task, in any dialect."""

from relay.gateway import ClientDoor
from relay.shell import handler
from relay.wiring import house

lambda_handler = handler(ClientDoor("submit", house).resolve)
