"""Photos that are gone from where the index has them: moved ones keep all, others can be pruned."""
