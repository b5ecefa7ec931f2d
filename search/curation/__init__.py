"""Curation: what is in a data set, what goes with what, what to drop; every subset is a query."""
