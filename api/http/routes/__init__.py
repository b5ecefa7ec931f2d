"""The routes, one file for each topic."""
