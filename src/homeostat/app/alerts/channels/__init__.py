"""The channels: ways in which a notice leaves the machine, one a file."""
