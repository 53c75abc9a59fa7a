"""What everybody speaks of: plain values and pure functions. Standard library and pydantic only; no clock, no I/O."""
