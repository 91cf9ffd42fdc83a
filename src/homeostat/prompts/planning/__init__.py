"""What is loaded when: plans for entry points, for the context window, and what a month of them costs."""
