"""The Runway API: videos, and extensions of them."""
