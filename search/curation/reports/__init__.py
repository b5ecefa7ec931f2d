"""The results of `compare` and `spurious`; `--json` and HTTP print their fields."""
