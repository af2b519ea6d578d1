"""Tokens of connections: sealed before they reach the database, opened only where they are used."""
