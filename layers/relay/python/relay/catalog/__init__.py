"""What is sold: the data, and the reading of it."""
