"""From a plan to explained hits: score, order, explain."""
