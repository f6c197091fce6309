"""A stateful Azure on loopback that unmodified clients accept."""
