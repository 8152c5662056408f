"""The colours of emotions can be told apart, and read, by anybody."""

import itertools

import cv2
import numpy as np
import pytest

from fer_ros.core import annotate
from fer_ros.core.annotate import emotion_color, EMOTION_COLORS

# Machado, Oliveira and Fernandes 2009, "A Physiologically-based Model for Simulation of Color
# Vision Deficiency", severity 1.0, on linear RGB.
VISION = {
    'normal': np.eye(3),
    'protanopia': np.array([
        [0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998]]),
    'deuteranopia': np.array([
        [0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881]]),
}


def linear_rgb(bgr):
    rgb = np.array(bgr[::-1]) / 255
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(bgr):
    return float(linear_rgb(bgr) @ (0.2126, 0.7152, 0.0722))


def lab(bgr, matrix):
    """Return CIE L*a*b* (D65) of a colour as seen through a matrix on linear RGB."""
    seen = np.clip(matrix @ linear_rgb(bgr), 0, 1)
    xyz = np.array([[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
                    [0.0193339, 0.1191920, 0.9503041]]) @ seen / (0.95047, 1.0, 1.08883)
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_what_is_written_stands_out_from_its_ground():
    """The contrast of a tag is at least that demanded of text by WCAG 2.1, level AA."""
    for label, color in EMOTION_COLORS.items():
        light, dark = sorted((luminance(color), luminance(annotate._ink(color))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, label


def test_labels_of_other_models_have_a_colour_of_their_own():
    assert emotion_color('tired') == emotion_color('tired') != emotion_color('awake')


def test_the_conversion_to_lab_is_that_of_opencv():
    pixel = np.array([[EMOTION_COLORS['anger']]], np.float32) / 255
    assert np.allclose(
        lab(EMOTION_COLORS['anger'], VISION['normal']),
        cv2.cvtColor(pixel, cv2.COLOR_BGR2LAB)[0, 0], atol=0.2)


@pytest.mark.parametrize('vision', VISION)
def test_colours_differ_for_every_kind_of_eye(vision):
    """A difference of 2.3 is just noticeable (Mahy et al. 1994); these are far above."""
    for (one, a), (other, b) in itertools.combinations(EMOTION_COLORS.items(), 2):
        distance = np.linalg.norm(lab(a, VISION[vision]) - lab(b, VISION[vision]))
        assert distance > 15, f'{one} and {other}: {distance:.1f}'
