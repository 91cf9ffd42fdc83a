"""Acting: knobs, and controllers that propose to turn them. Nothing here applies a change."""
