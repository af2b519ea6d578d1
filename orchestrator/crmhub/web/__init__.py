"""What a browser sees, and the internal API: server-rendered pages, no build step."""
