"""Labelled face crops: read, prepared, looked at; needs neither ROS nor Keras."""
