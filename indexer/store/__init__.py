"""What an index is: its address, manifest, files, lock, and the engine with its points."""
