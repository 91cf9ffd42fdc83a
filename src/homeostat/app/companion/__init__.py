"""The companion as a server: its API, what it is wired from, and its import and export at the terminal."""
