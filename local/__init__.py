"""The one-machine stack: the template, run whole in one process with no account and no containers."""
