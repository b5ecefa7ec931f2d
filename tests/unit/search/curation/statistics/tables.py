"""Two-by-two tables for tests: common, rare, no and all images with the concept, uneven sizes."""

import numpy as np

TABLES = [
    (30, 100, 45, 120),
    (3, 50, 0, 60),
    (0, 50, 0, 60),
    (50, 50, 60, 60),
    (1, 7, 5, 9000),
    (4000, 10000, 4500, 10000),
    (0, 10, 10, 10),
    (12, 15, 3, 500),
]
"""Hits and count of the label, then hits and count of the other labels."""
HITS, COUNT, OTHERS, OTHER = (np.array(column) for column in zip(*TABLES, strict=True))
