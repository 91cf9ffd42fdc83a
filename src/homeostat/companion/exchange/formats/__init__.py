"""The formats of chats that are read, one a module."""
