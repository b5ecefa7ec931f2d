"""A Qdrant server: the engine of an index that many machines share."""
