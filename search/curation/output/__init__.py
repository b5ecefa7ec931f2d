"""Tables, charts and folders that curation writes."""
