"""OpenAI's images API under /v1/images, as aggregators serve it, and the same as a task that is asked for later."""
