"""The Status Center: what an organisation sees of its connections and its pipeline."""
