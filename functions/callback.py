"""Callbacks from providers."""

from relay.gateway import CallbackDoor
from relay.shell import handler
from relay.wiring import house

lambda_handler = handler(CallbackDoor(house).resolve)
