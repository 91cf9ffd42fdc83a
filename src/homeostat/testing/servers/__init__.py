"""Real servers for tests: `postgres()`, `redis()` and `rabbitmq()` each start one on loopback and end it."""

from homeostat.testing.servers.postgres_server import postgres
from homeostat.testing.servers.programs import NotInstalled
from homeostat.testing.servers.rabbitmq_server import RabbitMQ, rabbitmq
from homeostat.testing.servers.redis_server import redis
from homeostat.testing.servers.server import Server, ServerError

__all__ = ["NotInstalled", "RabbitMQ", "Server", "ServerError", "postgres", "rabbitmq", "redis"]
