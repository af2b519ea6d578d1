"""Distributes runs over workers: the queue, the poll, the worker and what rescues lost runs."""
