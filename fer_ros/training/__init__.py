"""From labelled face crops to a model folder; needs Keras, and never runs on a robot."""
