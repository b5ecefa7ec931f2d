"""Indexes on disk or on a server: address, store, manifest, files, lock."""
