"""Holds the reports of every capture in pcaps/ against rules/report.schema.json.

Usage: test_report_schema.py PCAUDIT

Each capture is audited with and without the example site, as JSON and as NDJSON, with every flow.
Beside the schema: keys come in the schema's order, both formats say the same, the conservation law
holds, and the counts agree with what is listed. A schema that accepts everything would pass that,
so broken variants of a real report must be refused for the place that was broken.
"""
import copy
import functools
import json
import pathlib
import subprocess
import sys
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = ROOT / 'rules' / 'contoso.yaml'
CAPTURES = sorted(path for path in (ROOT / 'pcaps').iterdir()
                  if path.suffix in ('.pcap', '.pcapng', '.gz', '.zst', '.lz4', '.xz'))
PROGRAM = None
GONE = object()
CAUSES = ['flows', 'fragments_held', 'other', 'short', 'invalid', 'unsupported', 'duplicate',
          'dropped_kernel', 'dropped_interface', 'dropped_ring', 'dropped_table']


@functools.cache
def schema():
    text = json.loads((ROOT / 'rules' / 'report.schema.json').read_text(encoding='utf-8'))
    jsonschema.Draft202012Validator.check_schema(text)
    return text


@functools.cache
def validator(of_line=False):
    if not of_line:
        return jsonschema.Draft202012Validator(schema())
    line = {'$schema': schema()['$schema'], '$ref': '#/$defs/line', '$defs': schema()['$defs']}
    return jsonschema.Draft202012Validator(line)


def problems(data, of_line=False):
    return [f'{list(error.absolute_path)}: {error.message[:300]}'
            for error in validator(of_line).iter_errors(data)]


@functools.cache
def report(capture, with_site, form):
    site = ['-s', str(SITE)] if with_site else []
    run = subprocess.run([PROGRAM, 'audit', *site, '--flows=all', '--hash', '-f', form, str(capture)],
                         capture_output=True, check=False)
    if run.returncode not in (0, 1, 4):
        raise AssertionError(f'{capture.name}: exit {run.returncode}: {run.stderr.decode()}')
    return run.stdout.decode('utf-8')


def twice_is_wrong(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f'a key stands twice: {keys}'
    return dict(pairs)


def whole(capture, with_site=True):
    return json.loads(report(capture, with_site, 'json'), object_pairs_hook=twice_is_wrong)


def lines(capture, with_site=True):
    return [json.loads(line, object_pairs_hook=twice_is_wrong)
            for line in report(capture, with_site, 'ndjson').splitlines()]


def variants():
    return [(capture, with_site) for capture in CAPTURES for with_site in (True, False)]


class Accepted(unittest.TestCase):
    def test_json(self):
        for capture, with_site in variants():
            with self.subTest(capture=capture.name, site=with_site):
                self.assertEqual(problems(whole(capture, with_site)), [])

    def test_ndjson(self):
        for capture, with_site in variants():
            with self.subTest(capture=capture.name, site=with_site):
                objects = lines(capture, with_site)
                self.assertEqual([o['type'] for o in objects].index('run'), 0)
                for data in objects:
                    self.assertEqual(next(iter(data)), 'type')
                    self.assertEqual(problems(data, of_line=True), [])

    def test_there_is_something_of_everything(self):
        seen = set()
        for capture in CAPTURES:
            data = whole(capture)
            seen |= {finding['kind'] for finding in data['findings']}
            seen |= {flow['verdict'] for flow in data['flows']}
            seen |= {row['status'] for row in data['coverage']}
        for word in ('undocumented', 'wrong-port', 'rejected', 'missing', 'note', 'compliant',
                     'unjudged', 'violation', 'blocked', 'observed', 'attempted'):
            self.assertIn(word, seen)


class Agreeing(unittest.TestCase):
    def test_formats_say_the_same(self):
        for capture, with_site in variants():
            data, objects = whole(capture, with_site), lines(capture, with_site)
            with self.subTest(capture=capture.name, site=with_site):
                run = {key: value for key, value in objects[0].items() if key != 'type'}
                self.assertEqual(run, {key: data[key] for key in run})
                for word, key in (('finding', 'findings'), ('coverage', 'coverage'), ('flow', 'flows')):
                    listed = [o for o in objects if o['type'] == word]
                    self.assertEqual([{k: v for k, v in o.items() if k != 'type'} for o in listed],
                                     data[key])

    def test_keys_stand_in_order(self):
        definitions = schema()['$defs']
        for capture, with_site in variants():
            data = whole(capture, with_site)
            with self.subTest(capture=capture.name, site=with_site):
                self.assertEqual(list(data), list(schema()['properties']))
                for name in ('tool', 'capture', 'summary'):
                    self.assertEqual(list(data[name]), list(definitions[name]['properties']))
                for name, key in (('finding', 'findings'), ('coverage', 'coverage'), ('flow', 'flows')):
                    wanted = [k for k in definitions[name]['properties'] if k != 'type']
                    for element in data[key]:
                        self.assertEqual(list(element), wanted)

    def test_every_packet_is_accounted_for(self):
        for capture, with_site in variants():
            counts = whole(capture, with_site)['capture']
            self.assertEqual(counts['received'], sum(counts[cause] for cause in CAUSES), capture.name)

    def test_counts_agree_with_lists(self):
        for capture, with_site in variants():
            data = whole(capture, with_site)
            summary, findings = data['summary'], data['findings']
            with self.subTest(capture=capture.name, site=with_site):
                for verdict, n in summary['flows'].items():
                    self.assertEqual(n, sum(f['verdict'] == verdict for f in data['flows']), verdict)
                self.assertEqual(sum(summary['compliant_by_evidence'].values()),
                                 summary['flows']['compliant'])
                for reason, n in summary['unjudged_by_reason'].items():
                    self.assertEqual(n, sum(f['reason'] == reason for f in data['flows']), reason)
                for kind, n in summary['findings_by_kind'].items():
                    self.assertEqual(n, sum(f['kind'] == kind for f in findings), kind)
                for severity, n in summary['findings_by_severity'].items():
                    self.assertEqual(n, sum(f['severity'] == severity and not f['accepted']
                                            for f in findings), severity)
                self.assertEqual(summary['findings_accepted'], sum(bool(f['accepted']) for f in findings))
                for status, n in summary['rules_by_coverage'].items():
                    self.assertEqual(n, sum(r['status'] == status for r in data['coverage']), status)
                self.assertEqual(len({f['id'] for f in findings}), len(findings), 'ids are unique')

    def test_the_same_bytes_again(self):
        capture = CAPTURES[0]
        first = report(capture, True, 'json')
        report.cache_clear()
        self.assertEqual(first, report(capture, True, 'json'))


# Where, what stands there instead.
BROKEN = [
    (['schema'], 'pcaudit.report/2'), (['schema'], GONE), (['colour'], 'red'), (['tool'], None),
    (['tool', 'name'], 'other'), (['tool', 'version'], GONE), (['tool', 'host'], 'x'),
    (['site'], {}), (['site', 'sha256'], 'abc'), (['packs', 0, 'sha256'], None), (['vantage'], 'x'),
    (['inputs', 0, 'packets'], -1), (['inputs', 0, 'first'], '2026-03-01 10:00:00'),
    (['inputs', 0, 'first'], '2026-03-01T10:00:00Z'), (['inputs', 0, 'truncated'], 'no'),
    (['capture', 'received'], GONE), (['capture', 'lost'], 1), (['capture', 'short'], None),
    (['summary', 'verdict'], 'ok'), (['summary', 'flows', 'compliant'], GONE),
    (['summary', 'flows', 'lost'], 0), (['summary', 'unjudged_by_reason', 'tired'], 0),
    (['summary', 'why'], ''), (['findings', 0, 'type'], 'finding'), (['findings', 0, 'id'], 'xyz'),
    (['findings', 0, 'kind'], 'wrong'), (['findings', 0, 'kind'], None), (['findings', 0, 'note'], 'x'),
    (['findings', 0, 'severity'], 'fatal'), (['findings', 0, 'accepted'], {}),
    (['findings', 0, 'nearest'], None), (['findings', 0, 'expected'], {'field': 'port'}),
    (['findings', 0, 'expected'], {'field': 'size', 'value': '1'}), (['findings', 0, 'why'], ''),
    (['findings', 0, 'cites', 0, 'row'], 0), (['findings', 0, 'responder', 'roles'], None),
    (['findings', 0, 'ports'], [[1]]), (['findings', 0, 'ports'], ['443']),
    (['findings', 0, 'ports'], [[1, 70000]]), (['findings', 0, 'examples', 0, 'id'], '0:1'),
    (['findings', 0, 'examples', 0, 'src', 'port'], 70000), (['findings', 0, 'wireshark'], ''),
    (['coverage', 0, 'type'], 'coverage'), (['coverage', 0, 'status'], 'seen'),
    (['coverage', 0, 'best'], None), (['coverage', 0, 'rule'], None), (['coverage', 0, 'reason'], ''),
    (['flows', 0, 'type'], 'flow'), (['flows', 0, 'id'], '1'), (['flows', 0, 'transport'], 'TCP'),
    (['flows', 0, 'vlan'], None), (['flows', 0, 'vlan'], [4096]), (['flows', 0, 'tunnel'], 'wire'),
    (['flows', 0, 'direction'], 'guess'), (['flows', 0, 'state'], 'open'),
    (['flows', 0, 'packets'], [1]), (['flows', 0, 'bytes'], [1, 2, 3]),
    (['flows', 0, 'security'], 'ssl'), (['flows', 0, 'evidence'], 'sure'),
    (['flows', 0, 'facts'], {'colour': 'red'}), (['flows', 0, 'facts'], {'tls.sni': None}),
    (['flows', 0, 'facts'], {'sip.methods': []}), (['flows', 0, 'facts'], {'gap': False}),
    (['flows', 0, 'community_id'], 'LQU9qZlK+B5F3KDmev6m5PMibrg='),
    (['flows', 0, 'verdict'], 'fine'), (['flows', 0, 'rule'], GONE), (['flows', 0, 'kind'], 'missing'),
    (['flows', 0, 'severity'], 'fatal'), (['flows', 0, 'reason'], 'because'),
]

# A flow whose judgement contradicts itself.
CONTRADICTIONS = [
    {'verdict': 'violation', 'kind': None, 'severity': 'error', 'reason': None},
    {'verdict': 'violation', 'kind': 'refused', 'severity': 'error', 'reason': None},
    {'verdict': 'blocked', 'kind': 'wrong-port', 'severity': 'info', 'reason': None},
    {'verdict': 'unjudged', 'kind': None, 'severity': None, 'reason': None},
    {'verdict': 'compliant', 'kind': None, 'severity': None, 'reason': 'gap'},
    {'verdict': 'compliant', 'kind': None, 'severity': None, 'reason': None, 'rule': None},
]


def broken(data, path, value):
    data = copy.deepcopy(data)
    at = data
    for step in path[:-1]:
        at = at[step]
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return data


class Refused(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = whole(next(c for c in CAPTURES if c.stem == 'blocked'))
        assert cls.data['findings'][0]['examples'] and cls.data['findings'][0]['cites']

    def test_broken_reports(self):
        for path, value in BROKEN:
            errors = list(validator().iter_errors(broken(self.data, path, value)))
            what = f"{path} {'gone' if value is GONE else repr(value)}"
            self.assertTrue(errors, f'{what}: accepted')
            for error in errors:
                at = list(error.absolute_path)
                n = min(len(at), len(path))
                self.assertEqual(at[:n], path[:n], f'{what}: refused for {error.message[:200]}')

    def test_contradicting_judgements(self):
        for change in CONTRADICTIONS:
            data = copy.deepcopy(self.data)
            data['flows'][0].update(change)
            self.assertTrue(problems(data), f'{change}: accepted')

    def test_lines(self):
        flow = next(line for line in lines(CAPTURES[0]) if line['type'] == 'flow')
        self.assertEqual(problems(flow, of_line=True), [])
        for change in ({'type': 'finding'}, {'type': 'packet'}, {'more': 1}):
            self.assertTrue(problems({**flow, **change}, of_line=True), f'{change}: accepted')
        del flow['type']
        self.assertTrue(problems(flow, of_line=True), 'a line without type was accepted')

    def test_tunnels(self):
        """No capture of pcaps/ has tunnels; this is what man pcaudit-report says of them."""
        whole = json.loads(report(CAPTURES[0], True, 'json'))
        udp = {'kind': 'vxlan', 'id': 5001, 'src': {'ip': '192.0.2.1', 'port': 49152},
               'dst': {'ip': '2001:db8::1', 'port': 4789}, 'transport': 'udp'}
        gre = {'kind': 'gre', 'id': None, 'src': {'ip': '192.0.2.1', 'port': None},
               'dst': {'ip': '192.0.2.2', 'port': None}, 'transport': '47'}
        mpls = {'kind': 'mpls', 'id': 16, 'src': None, 'dst': None, 'transport': None}
        for tunnel, is_good in ((None, True), ([udp], True), ([mpls, gre, udp], True), ([udp] * 9, False), ([], False),
                                ('vxlan', False), ([udp | {'kind': 'l2tp'}], False), ([udp | {'id': -1}], False),
                                ([udp | {'src': {'ip': '192.0.2.1'}}], False), ([udp | {'more': 1}], False)):
            whole['flows'][0]['tunnel'] = tunnel
            self.assertEqual(not problems(whole), is_good, tunnel)

    def test_schema_explains_itself(self):
        objects = [schema()] + [o for o in schema()['$defs'].values() if 'properties' in o and
                                'description' in o and o is not schema()['$defs']['line']]
        for properties in (o['properties'] for o in objects):
            for name, value in properties.items():
                self.assertTrue('description' in value or '$ref' in value, name)


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    unittest.main()
