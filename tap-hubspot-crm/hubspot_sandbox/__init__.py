"""A HubSpot portal served on this machine, for tests, demos and measurements.

`Portal` is the CRM in memory, driven by a clock; the handlers turn it into HubSpot's answers;
`Sandbox` holds several portals behind one address, told apart by the bearer token;
`/sandbox/...` is the control API to change data and to read the truth.
Start it with `hubspot-sandbox` or `hubspot_sandbox.server.running_sandbox`. Read-only for clients.
"""
