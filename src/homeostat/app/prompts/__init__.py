"""What a person sees of a prompt library: a page with its graph."""
