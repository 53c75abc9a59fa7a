"""Simulated calls of language models: each shape's documents and events, and how an upstream serves them."""

from local.upstreams.inference import chat, completions, generate_content, measures, messages, responses
from local.upstreams.inference.serving import google_key, in_shape, paths
from local.upstreams.inference.shape import Shape

SHAPES: tuple[Shape, ...] = (
    chat.SHAPE,
    completions.SHAPE,
    responses.SHAPE,
    messages.SHAPE,
    *generate_content.SHAPES,
    *measures.SHAPES,
)

__all__ = ["SHAPES", "Shape", "google_key", "in_shape", "paths"]
