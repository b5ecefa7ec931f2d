"""Commands that curate, one file each."""
