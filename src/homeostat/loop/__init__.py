"""The loop: the object that users hold, and what runs behind it."""
