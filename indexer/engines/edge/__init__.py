"""Qdrant Edge: the engine of an index folder."""
