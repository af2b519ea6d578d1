"""Access tokens of connections: HubSpot's token endpoint, and who may ask it when."""
