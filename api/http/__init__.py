"""The HTTP API: the same search as the command line, as JSON."""
