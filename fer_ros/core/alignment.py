"""Five landmarks to the frame of FER images: the crop turns with the head.

A similarity transform (rotation, scale, shift) carries the landmarks to where they lie in the
images that the network was trained with. Source of its closed form: S. Umeyama, "Least-squares
estimation of transformation parameters between two point patterns", 1991.
"""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import math
from types import MappingProxyType

import numpy as np

from fer_ros.core.crop import Frame
from fer_ros.core.errors import ConfigError
from fer_ros.core.types import Floats

__all__ = ['ALIGN', 'Alignment', 'FER_ALIGNMENT', 'similarity']

ALIGN: tuple[str, ...] = ('auto', 'never')
"""When crops are aligned: where landmarks and model allow it, or never."""
