"""Calls gathered into batches, for functions that do many at once for little more than one."""
