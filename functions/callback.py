"""Callbacks from upstreams."""

from relay.edge.callbacks import CallbackEndpoint
from relay.edge.shell import handler
from relay.edge.wiring import services

services()  # while Lambda initialises, not at the first request
lambda_handler = handler(CallbackEndpoint(services).resolve)
