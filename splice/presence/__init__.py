"""Presence of concepts in images: activation, calibrated probability, self-training."""
