"""Sources of images: photos in folders or tables, and precomputed embeddings."""
