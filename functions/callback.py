"""Callbacks from providers."""

from relay.edge.gateway import CallbackEndpoint
from relay.edge.shell import handler
from relay.edge.wiring import services

lambda_handler = handler(CallbackEndpoint(services).resolve)
