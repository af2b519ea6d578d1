"""A Singer tap for HubSpot contacts and deals that proves it misses nothing."""
