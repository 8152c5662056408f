"""How well a face detector finds faces: `fer evaluate detector` and the figures behind it."""
