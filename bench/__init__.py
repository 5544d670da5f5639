"""How fast the source client is, measured against the way it replaces and against the floor."""
