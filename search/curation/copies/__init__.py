"""Copies of photos: turned, mirrored, cropped, greyed and shrunk ones."""
