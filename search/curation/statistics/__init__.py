"""Pure numbers: shares, intervals, tests. No index is read here."""
