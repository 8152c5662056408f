"""What is evaluated: image sets, videos and bags, each as units of work."""
