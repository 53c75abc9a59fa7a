"""What the relay costs, against what it could cost: everything is measured, on this machine alone."""
