"""Recordings and image sets into figures, pictures and a report; see the README here."""
