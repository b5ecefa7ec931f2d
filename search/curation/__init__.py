"""Curation of data sets: one module a command, with a function of the same name.

Every subset is a query. `statistics` holds pure numbers, `subsets` reads images and counts,
`reports` holds the results of the larger commands, `output` writes files.
"""
