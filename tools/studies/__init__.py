"""Studies whose results are recorded: one module a chapter."""
