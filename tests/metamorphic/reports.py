"""Running pcaudit on the golden cases, and reports as flat tables that can be compared.

A report becomes a dictionary from the path of a value to the value: findings are named by their id,
rules by theirs, flows by their ends, so that nothing depends on the order of a list; the order of
the findings is a value of its own. What two such tables do not share is every difference there is,
and a transformation states by patterns of paths which of them it may cause.
"""
import fnmatch
import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / 'tests' / 'golden'
# As users run it: filling all memory first, as meson has malloc do, takes most of the time of a run.
ENVIRONMENT = {**os.environ, 'PCAUDIT_RULES': str(ROOT / 'rules'), 'MALLOC_PERTURB_': '0'}
FLOW_ID = re.compile(r'\d+:\d+')


class Case:
    """A golden case whose report is JSON: its capture, and the options it is audited with."""

    def __init__(self, name):
        words = (GOLDEN / name / 'args').read_text().split()
        self.name = name
        self.capture = ROOT / words[-1]
        self.options = [word for word in words[1:-1] if not word.startswith('--flows')]

    @property
    def site(self):
        return ROOT / self.options[self.options.index('-s') + 1] if '-s' in self.options else None

    def options_with_site(self, site):
        at = self.options.index('-s') + 1
        return self.options[:at] + [str(site)] + self.options[at + 1:]


def cases():
    found = []
    for path in sorted(GOLDEN.glob('*/args')):
        words = path.read_text().split()
        if words[0] == 'audit' and 'json' in words:
            found.append(Case(path.parent.name))
    return found


def audit(pcaudit, options, captures):
    """The report on all flows, as an object."""
    run = subprocess.run([pathlib.Path(pcaudit).resolve(), 'audit', *options, '--flows=all', *map(str, captures)], cwd=ROOT, check=False,
                         capture_output=True, timeout=60, env=ENVIRONMENT)
    if run.returncode not in (0, 1, 4):
        raise RuntimeError(f'exit code {run.returncode}: {run.stderr.decode().strip()}')
    return json.loads(run.stdout)


def endpoint(end):
    return f"{end['ip']} {end['port']}"


def name_flow(flow):
    return f"{endpoint(flow['src'])} > {endpoint(flow['dst'])} {flow['transport']}"


def keyed(rows, name):
    """Rows by name; those of one name, such as two connections on the same ports, are counted."""
    table = {}
    for row in rows:
        key, n = name(row), 2
        while key in table:
            key, n = f'{name(row)} #{n}', n + 1
        table[key] = row
    return table


def flatten(value, path, out):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            flatten(inner, f'{path}/{key}' if path else key, out)
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            flatten(inner, f'{path}/{i}', out)
    else:
        out[path] = value


def finding_id(finding):
    return finding['id']


def table_of(report, renumber=None, name_finding=finding_id):
    """A report as a flat table. renumber maps a packet's number to the id it has elsewhere."""
    report = dict(report)
    report['order of findings'] = ' '.join(map(name_finding, report['findings']))
    report['findings'] = keyed(report['findings'], name_finding)
    report['coverage'] = keyed(report['coverage'], lambda row: row['rule'])
    report['flows'] = keyed(report['flows'], name_flow)
    out = {}
    flatten(report, '', out)
    if renumber:
        for path, value in out.items():
            if path.endswith('/id') and FLOW_ID.fullmatch(str(value)):
                out[path] = renumber[int(value.split(':')[1])]
    return out


def differences(base, seen, may_differ):
    """Lines: every path where the tables differ and none of the patterns holds."""
    lines = []
    for path in sorted(base.keys() | seen.keys()):
        if base.get(path, '-') == seen.get(path, '-') or any(fnmatch.fnmatchcase(path, p) for p in may_differ):
            continue
        lines.append(f"{path}: {base.get(path, 'absent')!r}, then {seen.get(path, 'absent')!r}")
    return lines
