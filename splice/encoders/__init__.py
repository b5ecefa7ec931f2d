"""Encoders, one module per library; a library is imported only when one of its models is loaded."""
