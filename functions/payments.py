"""Plans, subscriptions, invoices, and paying by card."""

from relay.edge.clients import ClientEndpoint
from relay.edge.operations.payments import OPERATIONS
from relay.edge.paying import paying_services
from relay.edge.shell import handler
from relay.flow.session_access import SessionAccess

paying_services()  # while Lambda initialises, not at the first request
lambda_handler = handler(ClientEndpoint(OPERATIONS, paying_services, sessions=SessionAccess).resolve)
