"""One run of a connection: its lease, its environment, the process, and what came of it."""
