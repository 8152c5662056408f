"""Made-up data sets of labelled faces, for the tests of what reads and shows them."""

import json
import zipfile

import cv2
from data_support import pattern
import numpy as np

UPRIGHT = [[40, 40], [60, 40], [50, 52], [42, 62], [58, 62]]
"""The points of a face in the box 30 25 70 75."""

BOX = [30, 25, 70, 75]

POINTS = np.array(UPRIGHT, np.float32)

NOTHING = np.full((5, 2), np.nan, np.float32)
"""Points that are not known."""


def entry(name, *faces, split='train', **more):
    """Return an entry of faces.json for a picture of 120 x 100 pixels."""
    return {'file': name, 'source': 'made/up', 'width': 120, 'height': 100, 'split': split,
            'faces': list(faces), **more}


def face(**more):
    """Return a right face, with what is to be different."""
    return {'box': BOX, 'landmarks': UPRIGHT, 'score': 0.9, **more}


def picture(seed):
    """Return a (100, 120, 3) picture that looks like no other seed's."""
    return cv2.cvtColor(cv2.resize(pattern(seed), (120, 100)), cv2.COLOR_GRAY2BGR)


def write_faces(folder, entries, pictures=None):
    """Write a data set; entries without a picture of their own get one made up."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'faces.json').write_text(json.dumps(entries))
    with zipfile.ZipFile(folder / 'images.zip', 'w') as archive:
        for seed, name in enumerate(dict.fromkeys(
                item['file'] for item in entries if isinstance(item.get('file'), str))):
            content = (pictures or {}).get(name, picture(seed))
            if content is not None:
                archive.writestr(name, content if isinstance(content, bytes)
                                 else cv2.imencode('.png', content)[1].tobytes())
    return folder
