"""Keeps HubSpot connections fresh: migrations, roles, state, runs and the demo of CRM Hub."""
