"""new-api's own route for videos of any vendor, whose tasks are told as new-api keeps them."""
