"""The family of KIE AI."""
