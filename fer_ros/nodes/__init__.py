"""The ROS nodes: the only code of the package that imports rclpy and messages."""
