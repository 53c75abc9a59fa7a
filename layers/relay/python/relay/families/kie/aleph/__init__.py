"""The Runway Aleph API: films made over."""
