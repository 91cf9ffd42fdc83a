"""Jobs on Celery: its workers and broker (Redis or RabbitMQ) deliver, records in Redis decide."""
