"""Follow one request through two services: its trace context goes out and comes in as a header."""

from homeostat import Homeostat

front = Homeostat("front", keep=False)
back = Homeostat("back", keep=False)


def answer(headers: dict[str, str]) -> str:
    """Work in the second service, as a part of the caller's trace."""
    with back.operation("answer", traceparent=back.extract(headers)):
        return "42"


def main() -> None:
    """Call the second service from the first."""
    headers: dict[str, str] = {}
    with front.operation("ask"):
        front.inject(headers)
        answer(headers)
    print("sent:", headers["traceparent"])
    asked, answered = front.tracer.drain(), back.tracer.drain()
    print("one trace:", asked[0].trace_id == answered[0].trace_id)
    print("answer is a child of ask:", answered[0].parent_id == asked[0].span_id)
    front.close()
    back.close()


if __name__ == "__main__":
    main()
