"""The names under which the assistant is measured."""

SERVICE = "assistant"
OPERATION = "answer"
