"""`make audit` tells what it did not look up, and passes nothing that it did not."""

import json
from pathlib import Path
import runpy
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[1]
AUDIT = ROOT / 'tools' / 'quality' / 'audit'

# What pip-audit 2.10.1 writes: of a package without a finding, of one with, of one that PyPI does
# not know, and where no database can be reached.
CLEAN = {'name': 'idna', 'version': '3.11', 'vulns': []}
VULNERABLE = {'name': 'flask', 'version': '0.5', 'vulns': [{
    'id': 'PYSEC-2019-179', 'fix_versions': ['1.0'], 'aliases': ['CVE-2019-1010083'],
    'description': 'Denial of service by large JSON.'}]}
SKIPPED = {'name': 'numpy', 'skip_reason':
           'Dependency not found on PyPI and could not be audited: numpy (2.0.0)'}
UNREACHABLE = ("requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.osv.dev', "
               'port=443): Max retries exceeded')


def auditor(folder, packages=None, status=0):
    """Make a program that answers as pip-audit does."""
    path = folder / 'pip-audit'
    report = '' if packages is None else json.dumps({'dependencies': packages, 'fixes': []})
    words = UNREACHABLE if packages is None else 'No known vulnerabilities found'
    (folder / 'report.json').write_text(report)
    path.write_text(
        f'#!{sys.executable}\n'
        'import sys\n'
        f'open({str(folder / "asked")!r}, "w").write(" ".join(sys.argv[1:]))\n'
        f'print(open({str(folder / "report.json")!r}).read())\n'
        f'print({words!r}, file=sys.stderr)\n'
        f'sys.exit({status})\n')
    path.chmod(0o755)
    return path


def audit(program, *words):
    return subprocess.run(
        [sys.executable, AUDIT, '--auditor', program, *words], capture_output=True, text=True)


@pytest.mark.parametrize(('packages', 'status', 'told'), [
    ([CLEAN, CLEAN], 0, '2 of 2 packages looked up'),
    ([CLEAN, VULNERABLE], 1, 'flask 0.5: PYSEC-2019-179, CVE-2019-1010083; mended in 1.0'),
    ([CLEAN, SKIPPED], 2, '1 of 2 packages looked up'),
    ([SKIPPED, SKIPPED], 2, '0 of 2 packages looked up'),
    ([SKIPPED, VULNERABLE], 1, '1 of 2 packages looked up'),
])
def test_findings_and_what_was_not_looked_up_fail(tmp_path, packages, status, told):
    done = audit(auditor(tmp_path, packages, int(VULNERABLE in packages)), 'some.lock')
    assert done.returncode == status, done.stderr
    assert told in done.stdout
    if SKIPPED in packages:
        assert 'not complete' in done.stderr
        assert 'Nothing is known of their vulnerabilities' in done.stderr
        assert 'Dependency not found on PyPI' in done.stderr
    assert 'No known vulnerabilities' not in done.stdout + done.stderr


@pytest.mark.parametrize(('packages', 'told'), [
    (None, 'Max retries exceeded'), ([], 'looked at no package'), ('?', 'no report')])
def test_an_audit_that_gave_up_has_not_passed(tmp_path, packages, told):
    done = audit(auditor(tmp_path, packages), '--service', 'osv')
    assert done.returncode == 2
    assert done.stdout.count('no package looked up: pip-audit') == 4
    assert told in done.stdout
    assert 'the database (osv) has no answer for jazzy.lock' in done.stderr


def test_without_pip_audit_nothing_has_passed(tmp_path):
    done = audit(tmp_path / 'missing')
    assert done.returncode == 2
    assert 'cannot be run' in done.stdout


def test_each_lock_is_asked_for_with_what_is_explained(tmp_path):
    program = auditor(tmp_path, [CLEAN])
    done = audit(program)
    assert done.returncode == 0
    locks = sorted(path.name for path in (ROOT / 'tools' / 'requirements').glob('*.lock'))
    assert [line.split(':')[0] for line in done.stdout.splitlines()] == locks
    asked = (tmp_path / 'asked').read_text()
    assert '--require-hashes' in asked
    assert 'service pypi' in asked


def test_explanations_are_names_and_reasons(tmp_path):
    tool = runpy.run_path(str(AUDIT))
    path = tmp_path / 'vulnerabilities'
    path.write_text('# why\n\nPYSEC-2019-179 no JSON is read\n  CVE-1 never called\n')
    assert tool['read_explained'](path) == ['PYSEC-2019-179', 'CVE-1']
    for line in (ROOT / 'tools' / 'quality' / 'vulnerabilities').read_text().splitlines():
        assert not line or line.startswith('#') or len(line.split()) > 1
