"""What prompts cost: real tokenizers, and prices with the provider's prompt cache in them."""
