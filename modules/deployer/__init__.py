"""Takes an Automation account from what it is to what `schedules.json` says, and keeps it there."""
