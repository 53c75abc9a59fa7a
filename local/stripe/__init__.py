"""A simulated Stripe: what the relay uses of its API, Checkout's page, and webhooks signed as Stripe signs them."""

from local.stripe.api import KEY, Api
from local.stripe.server import StripeServer
from local.stripe.webhooks import SECRET, Webhooks

__all__ = ["KEY", "SECRET", "Api", "StripeServer", "Webhooks"]
