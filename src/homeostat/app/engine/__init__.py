"""The engine: everything an operator asks for, as operations of one object."""
