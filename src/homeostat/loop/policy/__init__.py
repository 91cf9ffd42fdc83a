"""What the loop is for and what it may do: the policy, its file, its schedule."""
