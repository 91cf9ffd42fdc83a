"""Whether a changed library still says what it said, and costs no more than agreed."""
