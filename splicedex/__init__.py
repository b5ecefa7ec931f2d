"""Image search that can say why: every image as a handful of weighted concepts.

The four folders beside this one in the repository are its parts. Imports go one way:
`api` -> `search` -> `indexer` -> `splice`.
"""
