"""The person: whether what is said fits what they prefer, and rests on what they told."""
