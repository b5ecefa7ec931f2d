"""Checks and limits of every request: errors, sizes, access, timeouts, bounded thread pools."""
