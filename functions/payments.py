"""Plans, subscriptions and invoices."""

from relay.edge.clients import ClientEndpoint
from relay.edge.operations.payments import OPERATIONS
from relay.edge.shell import handler
from relay.edge.wiring import services
from relay.flow.session_access import SessionAccess

services()  # while Lambda initialises, not at the first request
lambda_handler = handler(ClientEndpoint(OPERATIONS, services, sessions=SessionAccess).resolve)
