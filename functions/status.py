"""Task queries in any dialect, and every path no other function knows."""

from relay.gateway import ClientDoor
from relay.shell import handler
from relay.wiring import house

lambda_handler = handler(ClientDoor("status", house).resolve)
