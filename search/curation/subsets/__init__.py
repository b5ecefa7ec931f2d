"""The images that a curation command works on: which they are, how they are read and counted."""
