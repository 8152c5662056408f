"""How many inputs are tried, and which."""

import os

from hypothesis import HealthCheck, settings

_COMMON = {'deadline': None, 'suppress_health_check': list(HealthCheck)}
settings.register_profile('ci', derandomize=True, max_examples=40, database=None, **_COMMON)
settings.register_profile('thorough', max_examples=2000, **_COMMON)
settings.load_profile(os.environ.get('FER_PROPERTIES', 'ci'))
