"""Whether a concept is in an image: activation, calibrated probability, self-training."""
