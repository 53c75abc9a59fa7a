"""The family of AI Hub: chat with language models, in envelopes that name the cost, and developers who sign up."""

HOMES = (
    "/api/v1/chat/completions",
    "/api/v1/chat/stream",
    "/api/v1/chat/models",
    "/api/v1/developer",
    "/api/v1/payments",
)
