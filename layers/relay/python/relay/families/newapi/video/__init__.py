"""The unified video API of aggregators: one create call for every vendor's model, and one query."""
