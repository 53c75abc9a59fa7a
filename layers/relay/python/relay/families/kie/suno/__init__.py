"""The Suno API: songs, and extensions of them."""
