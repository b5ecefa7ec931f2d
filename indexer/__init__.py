"""From photos or embeddings to an index: reading, decomposing, storing, resuming."""
