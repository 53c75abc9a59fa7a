"""The Flux Kontext API: pictures from a text, or from another picture."""
