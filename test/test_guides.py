"""READMEs and docs lead where they say: links, files of folders, commands."""

import argparse
from pathlib import Path
import re
import shlex

import pytest

from fer_ros import cli

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ('config', 'docs', 'examples', 'fer_msgs', 'fer_ros', 'interfaces', 'launch', 'models',
           'test', 'tools')
GUIDES = sorted([*ROOT.glob('*.md'), *(
    path for folder in FOLDERS for path in (ROOT / folder).rglob('*.md'))])
COMMANDS = sorted({
    (str(path.relative_to(ROOT)), words.strip())
    for path in GUIDES if path.name != 'CHANGELOG.md'
    for words in re.findall(r'^ *(?:[A-Z_]+=\S+ +)*fer (.*?)(?: +#.*)?$',
                            path.read_text().replace('\\\n', ' '), re.MULTILINE)})
SHELL = {'$D': '--data D', '$seed': '1'}  # variables of docs/training.md


class UnderstoodError(Exception):
    """Ends a command before it does anything."""


def anchor(heading):
    """Return what a heading is called in links, as GitHub makes it."""
    text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading.replace('`', '')).lower()
    return re.sub(r'[^\w\- ]', '', text.strip()).replace(' ', '-')


@pytest.mark.parametrize('guide', GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(guide):
    text = re.sub(r'```.*?```', '', guide.read_text(), flags=re.DOTALL)
    for link in re.findall(r'\]\(([^)\s]+)\)', text):
        if '://' in link or link.startswith('mailto:'):
            continue
        place, _, part = link.partition('#')
        target = guide.parent / place if place else guide
        assert target.exists(), link
        if part:
            page = target / 'README.md' if target.is_dir() else target
            headings = re.findall(r'^#+ (.*)$', page.read_text(), re.MULTILINE)
            assert part in map(anchor, headings), link


@pytest.mark.parametrize(
    'readme', [path for path in GUIDES if 'fer_ros' in path.parts[len(ROOT.parts):]],
    ids=lambda path: str(path.relative_to(ROOT).parent))
def test_a_readme_names_every_file_of_its_folder(readme):
    text = readme.read_text()
    files = [path.name for path in readme.parent.glob('*.py') if path.name != '__init__.py']
    assert files
    assert [name for name in files if f'`{name}`' not in text] == []


@pytest.mark.parametrize(('guide', 'words'), COMMANDS)
def test_commands_are_understood(guide, words, monkeypatch):
    parse = argparse.ArgumentParser.parse_args

    def parse_only(self, arguments):
        parse(self, arguments)  # exits where something is missing or wrong
        raise UnderstoodError

    monkeypatch.setattr(argparse.ArgumentParser, 'parse_args', parse_only)
    for name, value in SHELL.items():
        words = words.replace(name, value)
    with pytest.raises(UnderstoodError):
        cli.main(shlex.split(words))
