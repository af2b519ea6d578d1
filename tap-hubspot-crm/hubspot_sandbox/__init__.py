"""A HubSpot portal served on this machine, for tests, demos and measurements.

`Portal` is the CRM in memory, driven by a clock; the handlers turn it into HubSpot's answers;
`Sandbox` holds several portals behind one address, told apart by the bearer token;
`/sandbox/...` is the control API to change data and to read the truth.
Start it with `hubspot-sandbox` or `hubspot_sandbox.server.running_sandbox`, or mount
`hubspot_sandbox.adapter.SandboxAdapter` on a `requests` session to call it in the same process.
Read-only for clients.

What HubSpot leaves open, and what goes wrong with it, are switches, each a frozen dataclass to be
replaced: `portal.limits`, `portal.habits`, `portal.search_habits`, `sandbox.dialect`,
`sandbox.faults`, `sandbox.tokens.habits`. All chance is seeded, all time is the clock's.
"""
