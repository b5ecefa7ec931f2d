"""Where in an image a concept is."""
