"""The other nodes of `fer bench node`: a source of images, a bare echo, and who listens."""
