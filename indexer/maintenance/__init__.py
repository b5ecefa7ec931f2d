"""Verifying, repairing and copying an index."""
