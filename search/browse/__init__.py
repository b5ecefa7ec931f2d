"""Views of an index: an image, a concept, facets, concept frequencies."""
