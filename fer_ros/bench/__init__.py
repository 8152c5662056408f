"""What the package costs: time by stage, memory, and how far it is from what the machine can."""
