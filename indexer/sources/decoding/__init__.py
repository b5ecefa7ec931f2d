"""Decodes photos: from files of many formats to the pixels that an encoder takes."""
