"""The words for emotions that data sets and people use, as the names of this package."""

from __future__ import annotations

from collections.abc import Mapping
import difflib

from fer_ros.core.errors import ConfigError, DataError
from fer_ros.core.types import EMOTIONS

__all__ = ['NO_LABEL', 'Words', 'parse_renames']

NO_LABEL = frozenset({'', '-', 'none', 'n/a', 'na', 'unlabelled', 'unlabeled'})
"""Words that say that there is no label, in lower case."""

_SYNONYMS = {
    'neutrality': 'neutral', 'natural': 'neutral', 'calm': 'neutral',
    'happy': 'happiness', 'joy': 'happiness', 'smile': 'happiness',
    'surprised': 'surprise', 'sad': 'sadness', 'angry': 'anger', 'disgusted': 'disgust',
    'afraid': 'fear', 'fearful': 'fear', 'scared': 'fear', 'contemptuous': 'contempt',
}
"""How the public data sets and their folders call the eight emotions."""


class Words:
    """Reads words for emotions.

    Args:
        labels: The emotions that the model knows.
        rename: What a word of the source means, before anything else.
    """

    def __init__(self, labels: tuple[str, ...], rename: Mapping[str, str] | None = None) -> None:
        self._known = tuple(dict.fromkeys((*labels, *EMOTIONS)))
        self._rename = {word.casefold(): name for word, name in (rename or {}).items()}
        for word, name in self._rename.items():
            if name not in self._known:
                raise ConfigError(
                    f'--rename {word}={name}: {name!r} is no emotion; known: '
                    f'{", ".join(self._known)}')

    def read(self, word: str, place: str) -> str:
        """Return the emotion that a word names, empty if it says that there is no label.

        Args:
            word: The word; case and surrounding spaces do not matter.
            place: Where it stands, for the message.

        Raises:
            DataError: It names no emotion; the text suggests one.
        """
        plain = word.strip().casefold()
        plain = self._rename.get(plain, plain)
        if plain in NO_LABEL:
            return ''
        for name in self._known:
            if plain == name.casefold():
                return name
        if _SYNONYMS.get(plain) in self._known:
            return _SYNONYMS[plain]
        raise DataError(f'{place}: unknown emotion {word.strip()!r}{self._hint(plain)}')

    def _hint(self, plain: str) -> str:
        near = difflib.get_close_matches(plain, [*self._known, *_SYNONYMS], 1, 0.6)
        known = f'; known: {", ".join(self._known)} (or --rename {plain or "WORD"}=EMOTION)'
        if not near:
            return known
        return f'; did you mean {_SYNONYMS.get(near[0], near[0])!r}?{known}'


def parse_renames(pairs: list[str]) -> dict[str, str]:
    """Return the WORD=EMOTION pairs of `--rename` as a dictionary.

    Raises:
        ConfigError: One of them is no such pair.
    """
    result = {}
    for pair in pairs:
        word, sign, name = pair.partition('=')
        if not sign or not word.strip() or not name.strip():
            raise ConfigError(f'--rename takes WORD=EMOTION, got {pair!r}')
        result[word.strip()] = name.strip()
    return result
