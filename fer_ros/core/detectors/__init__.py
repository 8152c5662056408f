"""The detectors that come with the package, one a file; `fer_ros.core.detector` makes them."""
