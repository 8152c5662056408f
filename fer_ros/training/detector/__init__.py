"""Training of the face detector `fer_face`."""
