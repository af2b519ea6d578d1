"""Meltano's state, kept in `source_connections.state_json`: the backend of `crmhub://`."""
