"""The web application: receiver of OTLP, API, pages, live updates."""
