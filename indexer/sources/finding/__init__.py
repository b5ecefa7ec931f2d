"""Finds photos in folders, and leaves out what the rules exclude."""
