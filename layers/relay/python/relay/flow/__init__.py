"""The use cases: one module per worker or operation, each a function of the services and what it acts on."""
