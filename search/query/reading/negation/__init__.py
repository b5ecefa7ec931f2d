"""Reads negation in sentences: what a sentence asks for, and what it asks to be absent."""
