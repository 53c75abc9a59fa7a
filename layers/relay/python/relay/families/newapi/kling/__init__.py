"""Kling's own API for videos, as Kling and new-api aggregators serve it: from a text, or from pictures."""
