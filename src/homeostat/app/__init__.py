"""The application: command line, pages, receiver, wiring. The only place where everything meets."""
