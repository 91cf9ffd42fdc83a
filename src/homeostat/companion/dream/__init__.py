"""Dreams: what is done with a person's memories while they are away."""
