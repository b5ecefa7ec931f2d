"""The indexing run: settings, decomposition, calibration, writing."""
