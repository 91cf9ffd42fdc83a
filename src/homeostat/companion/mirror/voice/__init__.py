"""The voice: what is countable of how somebody writes."""
