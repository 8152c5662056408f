"""How well people are followed and their emotions told over time, on made-up scenes."""
