"""Load: arrivals as they were or might be, replayed against an application or a model."""
