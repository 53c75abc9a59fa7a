"""What both sides of the images API call things."""

from __future__ import annotations

PLATFORM = "images"
GENERATIONS, EDITS = "/v1/images/generations", "/v1/images/edits"
OBJECT = "image.generation"  # of the document that tells how a task stands

OTHER_FAULT = "image_generation_failed"  # where the family has no word for it
RESOLUTIONS = ("1K", "2K", "4K")  # which some models take as a size
MOST_INSIDE = 4 << 20  # bytes of pictures in an answer: as text they are 5.6 MB, and a function answers 6
MOST_IMAGES = 16  # to edit at once
# What is asked for by the same name on the wire and in our vocabulary.
OPTIONS = ("quality", "background", "output_format", "output_compression", "moderation", "input_fidelity", "style")
