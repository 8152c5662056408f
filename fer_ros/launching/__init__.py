"""What the launch files share; it needs launch_ros, which no other part of the package does."""
