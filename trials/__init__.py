"""Trials too long for the tests; each says what it saw, and fails if anything was not right."""
