"""Tables that name images: files of several formats, with typed columns."""
