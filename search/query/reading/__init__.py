"""Reads queries as people type them, in the exact query language."""
