"""Where images come from: folders of photos, or embeddings with a table."""
