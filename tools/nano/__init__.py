"""Training of nano, the model bundled in `splice/models/nano`. Run `python -m tools.nano`."""
