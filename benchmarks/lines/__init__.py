"""Chats through gateways, side by side on one core each: requests a second, latency, memory, and what they cost."""
