"""The files that curation writes: tables, folders and charts."""
