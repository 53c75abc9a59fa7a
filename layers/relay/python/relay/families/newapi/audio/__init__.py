"""OpenAI's audio API under /v1/audio: speech made of text, and the words of a recording."""
