"""The family of the AI Studio platform (ten platforms under /api)."""
