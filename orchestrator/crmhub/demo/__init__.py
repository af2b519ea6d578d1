"""The demo: two organisations, their HubSpot portals in a sandbox, and real runs between them."""
