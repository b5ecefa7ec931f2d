"""One module per library; each is imported only when a model of its library is loaded."""
