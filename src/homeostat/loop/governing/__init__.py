"""What carries the loop out on an application: its thread, its ledger, its trials, its orders."""
