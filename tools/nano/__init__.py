"""Training of `nano`, the model bundled in `splice/models/nano`; run `python -m tools.nano`."""
