"""The SpLiCE method: CLIP embeddings as sparse sums of human concepts (arXiv 2402.10376)."""
