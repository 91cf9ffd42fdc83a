"""The ledger: all that was done to knobs, chained by hashes, as a story."""
