"""Celery on Redis and on RabbitMQ, and pgqueuer, keep the contract of jobs against real servers."""

import pytest

from homeostat.testing.jobs_contract import Address, JobsContract

pytestmark = pytest.mark.long


class TestCeleryOnRedis(JobsContract):
    @pytest.fixture
    def address(self, redis_url: str) -> Address:
        return Address(redis_url)


class TestCeleryOnRabbitMQ(JobsContract):
    @pytest.fixture
    def address(self, rabbitmq_url: str, redis_url: str) -> Address:
        return Address(rabbitmq_url, records=redis_url)


class TestPgqueuer(JobsContract):
    @pytest.fixture
    def address(self, postgres_url: str) -> Address:
        return Address(postgres_url)
