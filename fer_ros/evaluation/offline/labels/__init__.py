"""What people say about recordings: words, segments of time, and the files that hold them."""
