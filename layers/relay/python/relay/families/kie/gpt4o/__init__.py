"""The 4o image API: pictures from a text, from other pictures, or both."""
