"""Looks at a running graph from outside, as `fer doctor` does: evidence first, then findings."""
