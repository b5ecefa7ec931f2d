"""Commands that search and browse, one module each."""
