"""Images that a query finds: ranked hits, and sets."""
