"""What a prompt library holds: its files, read once, as they are."""
