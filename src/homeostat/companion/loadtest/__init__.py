"""The load test: thousands of people with a history, a share of them talking, at the times of real ones."""
