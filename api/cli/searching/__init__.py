"""Commands that search and browse, one file each."""
