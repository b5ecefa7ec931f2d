"""Ranking: from a query plan to an order of images with explained scores."""
