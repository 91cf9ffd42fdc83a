"""What the loop sees: how requests do, what changes by itself, how the application fares."""
