"""Views: what one page or command shows, as values."""
