"""Uploads: small files, and presigned forms for large ones."""

from relay.edge.clients import ClientEndpoint
from relay.edge.operations.upload import OPERATIONS
from relay.edge.shell import handler
from relay.edge.wiring import services

services()  # while Lambda initialises, not at the first request
lambda_handler = handler(ClientEndpoint(OPERATIONS, services).resolve)
