"""Threads and child processes that let stages of work overlap."""
