"""Verifies, repairs and copies an index."""
