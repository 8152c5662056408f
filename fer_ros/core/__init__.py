"""The frame's journey from pixels to emotions; imports neither ROS nor TensorFlow."""
