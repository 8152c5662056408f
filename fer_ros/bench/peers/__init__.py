"""Other packages on the same frames: each in a process of its own, one frame in turn."""
