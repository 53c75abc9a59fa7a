"""Model calls: the shapes in which aggregators serve each vendor's models, passed on as they come."""
