"""The report: what it is made of, gathered from a store or from files, and its HTML."""
