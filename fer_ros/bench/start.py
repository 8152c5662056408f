"""`python -m fer_ros.bench.start`: from nothing to the first result, as one line of JSON."""

import json
import sys
import time


def main() -> int:
    """Load the default pipeline, take one frame, and print what that took."""
    # Imported here: what they take is what is measured.
    from fer_ros.bench.machine import resident_mb

    bare = resident_mb()
    begin = time.perf_counter(), time.process_time()
    from fer_ros import Pipeline

    imported = time.perf_counter(), time.process_time()
    pipeline = Pipeline.from_model()
    loaded = time.perf_counter(), time.process_time()
    import numpy as np

    pipeline.process(np.full((480, 640, 3), 127, np.uint8), 0.0)
    done = time.perf_counter(), time.process_time()
    spans = {'import': (begin, imported), 'load': (imported, loaded),
             'first frame': (loaded, done), 'whole': (begin, done)}
    found = {f'{name} {kind}': 1e3 * (end[index] - start[index])
             for name, (start, end) in spans.items()
             for index, kind in enumerate(('wall_ms', 'cpu_ms'))}
    print(json.dumps({**found, 'python_mb': bare, 'resident_mb': resident_mb()}))
    return 0


if __name__ == '__main__':
    sys.exit(main())
