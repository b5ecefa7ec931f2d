"""The dictionary: a vocabulary, its embeddings, and the image mean that aligns images with them."""
