"""Pure numbers: shares, intervals and tests, from counts and arrays; no index is read here."""
