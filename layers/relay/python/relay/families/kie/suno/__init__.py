"""The Suno API: songs, and what goes on from them."""
