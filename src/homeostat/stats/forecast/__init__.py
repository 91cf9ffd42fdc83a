"""Forecasts of one series: methods, their choice, and intervals from their own past errors."""
