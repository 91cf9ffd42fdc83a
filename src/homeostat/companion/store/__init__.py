"""Where people's messages are kept: `people` has the seam, `sqlite` and `postgres` stand behind it."""
