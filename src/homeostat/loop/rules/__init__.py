"""The rules of one step: what people order, what trials come to, what is begun."""
