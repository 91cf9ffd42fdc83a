"""Which modules load which: references, what they mean, and the circles among them."""
