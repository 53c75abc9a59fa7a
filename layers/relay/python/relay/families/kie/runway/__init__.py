"""The Runway API: films, and what goes on from them."""
