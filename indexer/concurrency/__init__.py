"""Threads and processes that work ahead."""
