"""Programs that do the same work, measured in the same run where they are installed."""
