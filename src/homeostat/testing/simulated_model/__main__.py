"""The command line of the simulated model."""

import argparse
import os
import sys

import msgspec
import uvicorn

from homeostat.core.errors import ConfigError
from homeostat.testing.child import end_with_parent, listening
from homeostat.testing.queueing import Service
from homeostat.testing.simulated_model.server import SERVER_NAME, create_app
from homeostat.testing.simulated_model.settings import Faults, Settings


def parser() -> argparse.ArgumentParser:
    """Return the parser of the arguments."""
    service, faults, settings = Service(), Faults(), Settings()
    made = argparse.ArgumentParser(
        prog="simulated_model",
        description="A simulated model behind the OpenAI API: no language model runs here.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = made.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 takes a free one")
    add("--slots", type=int, default=service.slots, help="requests served at a time")
    add("--queue", type=int, default=service.queue_max, help="requests that may wait")
    add("--overhead-ms", type=float, default=service.overhead_s * 1e3, help="before any prefill")
    add("--prefill-rate", type=float, default=1 / service.prefill_s_per_token, help="uncached input tokens/s")
    add(
        "--decode-rate",
        type=float,
        default=1 / service.decode_s_per_token,
        help="output tokens/s of a lone one",
    )
    add("--crowding", type=float, default=service.crowding, help="slow-down by each further active request")
    add("--speed", type=float, default=1.0, help="all service times are divided by this")
    add("--answer-tokens", type=int, default=settings.answer_tokens, help="median length of an answer")
    add("--cache-blocks", type=int, default=settings.cache_blocks, help="blocks of 128 tokens remembered")
    add("--cache-tokens-min", type=int, default=settings.cache_tokens_min, help="shortest prefix that counts")
    add("--error-rate", type=float, default=faults.error_rate, help="share answered with 500")
    add("--limit-rate", type=float, default=faults.limit_rate, help="share answered with 429")
    add("--until-eof", action="store_true", help="end with the standard input")
    add("--seed", type=int, default=settings.seed)
    return made


def settings_of(args: argparse.Namespace) -> Settings:
    """Return the settings that the arguments ask for."""
    if not (args.prefill_rate > 0 and args.decode_rate > 0 and args.speed > 0):
        raise ConfigError("--prefill-rate, --decode-rate and --speed must be above 0")
    service = Service(
        slots=args.slots,
        queue_max=args.queue,
        overhead_s=args.overhead_ms / 1e3,
        prefill_s_per_token=1 / args.prefill_rate,
        decode_s_per_token=1 / args.decode_rate,
        crowding=args.crowding,
    )
    return Settings(
        service=service,
        faults=Faults(slow_down=1 / args.speed, error_rate=args.error_rate, limit_rate=args.limit_rate),
        seed=args.seed,
        answer_tokens=args.answer_tokens,
        cache_blocks=args.cache_blocks,
        cache_tokens_min=args.cache_tokens_min,
    )


def main() -> None:
    """Serve until interrupted; the first line of output tells the address, in JSON."""
    command = parser()
    args = command.parse_args()
    try:
        settings = settings_of(args)
        listener, url = listening(args.host, args.port)
    except (ConfigError, OSError) as error:
        command.error(str(error))
    if args.until_eof:
        end_with_parent()
    ready = {"server": SERVER_NAME, "url": url, "pid": os.getpid()}
    sys.stdout.write(msgspec.json.encode(ready).decode() + "\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        create_app(settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        headers=[("server", SERVER_NAME)],
        timeout_graceful_shutdown=1,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
