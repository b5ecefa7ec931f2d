"""A copy of embeddings and lists of concepts, mapped into memory for queries."""
