"""Classifies a picture twice: with the package's detector, and with one of your own."""

import sys

import cv2

from fer_ros import Face, Pipeline


class WholePicture:
    """A detector for portraits: the face is the middle of the picture."""

    # The boxes lie about a face as those of Haar do; the model knows how to frame them.
    box_convention = 'haar'

    def detect(self, bgr):
        height, width = bgr.shape[:2]
        side = 0.8 * min(width, height)
        return [Face(((width - side) / 2, (height - side) / 2, side, side), score=1.0)]


def main(path):
    bgr = cv2.imread(path)
    if bgr is None:
        sys.exit(f'{path}: cannot be read as an image')
    for detector in ('haar', WholePicture()):
        pipeline = Pipeline.from_model(detector=detector, tracking=False)
        for face in pipeline.process(bgr).faces:
            x, y, width, height = (round(value) for value in face.box)
            print(f'{width}x{height} at {x},{y}: {face.label} {face.confidence:.0%}')


if __name__ == '__main__':
    main(sys.argv[1])
