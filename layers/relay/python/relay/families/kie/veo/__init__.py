"""The Veo 3.1 API: videos, and extensions of them."""
