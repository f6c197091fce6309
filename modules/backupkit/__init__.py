"""What is true of Azure Backup, for runbooks."""
