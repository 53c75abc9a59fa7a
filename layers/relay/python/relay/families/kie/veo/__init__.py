"""The Veo 3.1 API: films, and what goes on from them."""
