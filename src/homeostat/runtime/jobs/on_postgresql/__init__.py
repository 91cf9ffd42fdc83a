"""Jobs on PostgreSQL: pgqueuer delivers, records beside its tables decide."""
