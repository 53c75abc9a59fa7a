"""Everything that reaches out of the process, one SDK each."""
