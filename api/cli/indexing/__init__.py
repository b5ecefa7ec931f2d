"""Commands that make and keep an index, one file each."""
