"""A self-check with a real account: what this portal does where HubSpot leaves it open."""
