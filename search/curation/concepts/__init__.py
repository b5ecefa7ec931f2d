"""Concepts as curation tells them: near-synonyms as one thing, names, kinds, parts."""
