"""Security as metrics that are tests: what is promised is tried on people who do not exist, all the time."""
