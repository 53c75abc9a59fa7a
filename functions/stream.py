"""Calls that hold the line open, as an ASGI application; `stream.sh` serves it."""

from relay.edge.stream import app
from relay.edge.wiring import services

__all__ = ["app"]

services()  # while Lambda initialises, not at the first request
