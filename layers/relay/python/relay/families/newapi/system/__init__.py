"""The system group: what an account's owner is told of it, and the keys that they make and change."""
