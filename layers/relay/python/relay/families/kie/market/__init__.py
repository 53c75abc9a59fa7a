"""The Market: one API for most of KIE's models, whose inputs are named model by model."""
