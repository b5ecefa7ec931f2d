"""Search, browsing and curation of an index."""
