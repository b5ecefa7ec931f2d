"""What points hold besides their vectors: presence, what is shown, and counts of it."""
