"""The Suno API of aggregators: songs, what goes on from them, and lyrics."""
