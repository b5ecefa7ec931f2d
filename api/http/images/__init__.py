"""Images over HTTP: originals, thumbnails, uploads."""
