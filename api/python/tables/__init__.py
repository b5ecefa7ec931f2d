"""What the methods return: typed, and also tables."""
