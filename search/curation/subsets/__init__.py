"""The images a curation command works on, and how they are read."""
