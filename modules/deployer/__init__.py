"""Brings runbooks, and what starts them, into an Automation account."""
