"""What is known of a library: tokens, repetitions, overhead, time to load."""
