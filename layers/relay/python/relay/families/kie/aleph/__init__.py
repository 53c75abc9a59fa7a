"""The Runway Aleph API: edits of a video."""
