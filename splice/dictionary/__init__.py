"""The dictionary: a vocabulary, its text embeddings, and the image mean that aligns images."""
