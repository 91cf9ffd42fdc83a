"""Measure work: an operation with stages, sync and async, and its errors by type."""

import asyncio

from homeostat import Homeostat

hs = Homeostat("example", keep=False)


@hs.operation("answer")
async def answer(question: str) -> str:
    """Answer a question in two stages."""
    with hs.operation("answer.retrieve"):
        await asyncio.sleep(0.002)
    with hs.operation("answer.write"):
        await asyncio.sleep(0.005)
        if "?" not in question:
            raise ValueError("that is no question")
    return "42"


async def main() -> None:
    """Answer some questions at once, one of which fails."""
    questions = ["why?", "how?", "what?", "never mind"]
    await asyncio.gather(*(answer(q) for q in questions), return_exceptions=True)
    for name in ("answer", "answer.retrieve", "answer.write"):
        seen = hs.snapshot("operation.duration", operation=name)
        print(f"{name:16} {seen.count} times, p50 {seen.p50:.1f} ms")
    failed = hs.snapshot("operation.errors", operation="answer", error="ValueError")
    print(f"{failed.total:.0f} failed with ValueError")
    hs.close()


if __name__ == "__main__":
    asyncio.run(main())
