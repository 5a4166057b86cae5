"""The truth of the golden cases: what truth.md says of each flow, read for whoever holds the program against it.

tools/golden.py asks whether a case agrees, tools/accuracy counts how often. A truth was written from
tshark before the program ran; a cell may name several words (`sip / tls`) where more than one is right,
and an empty one or `-` states nothing.
"""
import json
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
CASES = ROOT / 'tests' / 'golden'


def table(text, heading):
    """Rows of the first table below a heading, as dicts by column."""
    part = re.split(rf'^## {heading}\s*$', text, flags=re.M)
    if len(part) < 2:
        return []
    lines = [line for line in re.split(r'^## ', part[1], flags=re.M)[0].splitlines() if line.startswith('|')]
    if not lines:
        return []
    rows = [[cell.strip() for cell in line.strip().strip('|').split('|')] for line in lines]
    return [dict(zip(rows[0], row)) for row in rows[2:]]


def arguments(case):
    """A case's command line."""
    return (CASES / case / 'args').read_text().split()


def text(case):
    return (CASES / case / 'truth.md').read_text()


def has_flows(case):
    """Whether the case has a truth of its own: one of form only says in its truth which case holds the facts."""
    return (CASES / case / 'truth.md').exists() and '-f json' in ' '.join(arguments(case))


def words(row, column):
    """The words that are right in a cell; None if it states nothing. No kind means that there is none."""
    said = row.get(column, '')
    if said in ('', '-'):
        return [''] if column == 'kind' else None
    return [word.strip() for word in said.split('/')]


def audit(pcaudit, args):
    """The report on every flow, those out of scope too, and the exit code."""
    args = [arg for arg in args if not arg.startswith('--flows')] + ['--flows=all']
    done = subprocess.run([pcaudit, *args], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    return json.loads(done.stdout), done.returncode
