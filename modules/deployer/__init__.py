"""Puts the runbooks, and what they need, into an Automation account."""
