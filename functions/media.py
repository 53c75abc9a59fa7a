"""Links to stored files, on to the bucket."""

from relay.gateway import MediaDoor
from relay.shell import handler
from relay.wiring import house

lambda_handler = handler(MediaDoor(house).resolve)
