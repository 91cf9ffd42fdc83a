"""The pages of the companion: a person looks at their palace, their mirror, and what is missing."""
