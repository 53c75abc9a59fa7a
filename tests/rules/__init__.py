"""The services checks itself: its shape, its template and its example events. Fast, and without a network."""
