"""The bus in Redis Streams, past one machine."""
