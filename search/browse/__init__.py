"""What an index holds: an image, a concept, facets, counts."""
