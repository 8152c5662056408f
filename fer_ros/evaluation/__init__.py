"""Offline figures, made with the very code that runs on the robot."""
