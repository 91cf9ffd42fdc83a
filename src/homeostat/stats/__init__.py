"""Estimators, one a file: numpy in, numbers out. No input or output, no clock, no state of its own."""
