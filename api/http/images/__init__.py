"""Pixels over HTTP: originals, thumbnails, uploads."""
