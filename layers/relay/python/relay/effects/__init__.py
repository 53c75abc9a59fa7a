"""Everything that talks to the outside: one module or package per AWS service, and `outbound` for HTTP."""
