"""genrelay: one key and one bill in front of many generative-media providers."""
