"""Where requests, messages and the clock come in: HTTP, handlers, and the wiring of what they use."""
