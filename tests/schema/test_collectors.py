"""Holds what pcaudit writes for collectors against their schemas in rules/, and CEF's grammar.

Usage: test_collectors.py PCAUDIT

Each capture is audited with and without the example site in every format, with every flow. Beside
the schemas: a line is one line for whatever splits lines; no key stands twice; there is a line for
each finding and each flow, and all formats say the same of it as NDJSON does. Broken lines must be
refused.
"""
import copy
import functools
import hashlib
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest
from datetime import datetime, timezone

import jsonschema

import cef

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = ROOT / 'rules' / 'contoso.yaml'
CAPTURES = sorted(path for path in (ROOT / 'pcaps').iterdir()
                  if path.suffix in ('.pcap', '.pcapng', '.gz', '.zst', '.lz4', '.xz'))
FORMATS = ('ecs', 'eve', 'ocsf', 'cef')
PROGRAM = None
GONE = object()


@functools.cache
def schema(name):
    text = json.loads((ROOT / 'rules' / f'{name}.schema.json').read_text(encoding='utf-8'))
    jsonschema.Draft202012Validator.check_schema(text)
    return text


@functools.cache
def validator(name):
    """With the report's definitions taken into it, since finding other files is each version's own way."""
    text = json.dumps(schema(name)).replace('report.schema.json#/$defs/', '#/$defs/report/$defs/')
    whole = json.loads(text)
    whole['$defs']['report'] = {'$defs': json.loads(json.dumps(schema('report')['$defs'])
                                                    .replace('#/$defs/', '#/$defs/report/$defs/'))}
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())


def problems(name, data):
    return [f'{list(error.absolute_path)}: {error.message[:300]}' for error in validator(name).iter_errors(data)]


def twice_is_wrong(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), f'a key stands twice: {keys}'
    return dict(pairs)


def audit(form, capture, site=None, *more):
    with_site = ['-s', str(site)] if site else []
    done = subprocess.run([PROGRAM, 'audit', *with_site, '--flows=all', '--sensor', 's1', *more, '-f', form, str(capture)],
                          capture_output=True, check=False)
    if done.returncode not in (0, 1, 4):
        raise AssertionError(f'{capture.name}: exit {done.returncode}: {done.stderr.decode()}')
    text = done.stdout.decode('utf-8')
    assert text.endswith('\n') and text.splitlines() == text[:-1].split('\n'), 'a line that is more than one'
    return text.splitlines()


def read(form, line):
    return cef.parse(line) if form == 'cef' else json.loads(line, object_pairs_hook=twice_is_wrong)


@functools.cache
def events(form, capture, site=None):
    return [read(form, line) for line in audit(form, capture, site)]


def variants():
    return itertools.product(CAPTURES, (SITE, None))


def told(capture, site, kind):
    return [line for line in events('ndjson', capture, site) if line['type'] == kind]


def ms(text):
    """Of a time with nine digits, in milliseconds, rounded down."""
    seconds = datetime.strptime(text[:19], '%Y-%m-%dT%H:%M:%S').replace(tzinfo=timezone.utc).timestamp()
    return int(seconds) * 1000 + int(text[20:23])


def flow_name(flow):
    first = int(datetime.strptime(flow['first'][:19], '%Y-%m-%dT%H:%M:%S').replace(tzinfo=timezone.utc).timestamp())
    text = f"{flow['community_id']} {first * 10**9 + int(flow['first'][20:29])}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def signature_of(finding):
    return (finding['note'] or finding['kind']) + (f":{finding['rule']}" if finding['rule'] else '')


class Accepted(unittest.TestCase):
    def test_every_line(self):
        for form, (capture, site) in itertools.product(FORMATS, variants()):
            with self.subTest(form=form, capture=capture.name, site=bool(site)):
                lines = events(form, capture, site)  # CEF is checked as it is read
                if form != 'cef':
                    for line in lines:
                        self.assertEqual(problems(form, line), [])

    def test_there_is_something_of_everything(self):
        seen = set()
        for capture in CAPTURES:
            for line in events('ecs', capture, SITE):
                seen |= {line['event']['kind'], line['event'].get('code')} | set(line['event']['type'])
                seen |= {key for key in ('tls', 'rule') if key in line}
            for line in events('ocsf', capture, SITE):
                seen |= {line['type_uid'], line.get('compliance', {}).get('status')}
            for line in events('eve', capture, SITE):
                seen.add(line['event_type'])
        for word in ('alert', 'event', 'state', 'wrong-port', 'rejected', 'missing', 'denied', 'protocol', 'end', 'tls',
                     'rule', 200301, 400104, 400105, 400106, 600702, 'Pass', 'Warning', 'Fail', 'flow', 'stats'):
            self.assertIn(word, seen)


class Agreeing(unittest.TestCase):
    """Each format says of findings and flows what NDJSON says."""

    def test_findings(self):
        for capture, site in variants():
            findings = told(capture, site, 'finding')
            with self.subTest(capture=capture.name, site=bool(site)):
                by_ecs = [e for e in events('ecs', capture, site) if e['event']['dataset'] == 'pcaudit.finding']
                by_eve = [e for e in events('eve', capture, site) if e['event_type'] == 'alert']
                by_ocsf = [e for e in events('ocsf', capture, site) if e['class_uid'] == 2003 and 'status_id' in e]
                by_cef = [e for e in events('cef', capture, site) if 'act' in e['extension']]
                for each in (by_ecs, by_eve, by_ocsf, by_cef):
                    self.assertEqual(len(each), len(findings))
                for finding, *lines in zip(findings, by_ecs, by_eve, by_ocsf, by_cef):
                    self.finding(finding, *lines)

    def finding(self, finding, by_ecs, by_eve, by_ocsf, by_cef):
        extension = by_cef['extension']
        self.assertEqual({finding['id']}, {by_ecs['event']['id'], by_eve['alert']['metadata']['finding'][0],
                                           by_ocsf['finding_info']['uid'], extension['externalId']})
        self.assertEqual({finding['rule']}, {by_ecs.get('rule', {}).get('id'),
                                             by_eve['alert']['metadata'].get('rule', [None])[0],
                                             by_ocsf['compliance'].get('checks', [{}])[0].get('uid'), extension.get('cs1')})
        self.assertEqual(by_cef['signature'], signature_of(finding))
        number = int(hashlib.sha256(signature_of(finding).encode()).hexdigest()[:8], 16) & 0x7fffffff
        self.assertEqual(by_eve['alert']['signature_id'], number)
        worst = 'info warning error'.split().index(finding['severity'])
        self.assertEqual((by_ecs['event']['severity'], by_eve['alert']['severity'], by_ocsf['severity_id'],
                          int(by_cef['severity'])), ((21, 47, 73)[worst], 3 - worst, (1, 3, 4)[worst], (2, 5, 8)[worst]))
        self.assertEqual(by_ecs['event']['kind'], 'alert' if worst else 'event')
        self.assertEqual(by_cef['name'], f"{finding['note'] or finding['kind']}: {finding['title']}")
        self.assertEqual(by_ocsf['finding_info']['desc'], finding['why'])
        if not finding['examples']:
            self.assertFalse({'source'} & set(by_ecs) or {'src_ip'} & set(by_eve) or {'evidences'} & set(by_ocsf)
                             or {'src', 'c6a2'} & set(extension))
            return
        example = finding['examples'][0]
        self.assertEqual(ms(finding['first']), ms(by_ecs['@timestamp']))
        self.assertEqual({ms(finding['first'])}, {by_ocsf['time'], int(extension['rt'])})
        self.assertEqual(len(by_ocsf['evidences']), len(finding['examples']))
        for end, ecs, eve, ocsf, v4, v6, number in (
                ('src', 'source', 'src', 'src_endpoint', 'src', 'c6a2', 'spt'),
                ('dst', 'destination', 'dest', 'dst_endpoint', 'dst', 'c6a3', 'dpt')):
            self.assertEqual({example[end]['ip']},
                             {by_ecs[ecs]['ip'], by_eve[f'{eve}_ip'], by_eve['flow'][f'{eve}_ip'],
                              by_ocsf['evidences'][0][ocsf]['ip'], extension.get(v4) or extension.get(v6)})
            self.assertEqual({example[end]['port']},
                             {by_ecs[ecs].get('port'), by_eve.get(f'{eve}_port'), by_ocsf['evidences'][0][ocsf].get('port'),
                              int(extension[number]) if number in extension else None})

    def test_flows(self):
        for capture, site in variants():
            flows = told(capture, site, 'flow')
            with self.subTest(capture=capture.name, site=bool(site)):
                by_ecs = [e for e in events('ecs', capture, site) if e['event']['dataset'] == 'pcaudit.flow']
                by_eve = [e for e in events('eve', capture, site) if e['event_type'] == 'flow']
                by_ocsf = [e for e in events('ocsf', capture, site) if e['class_uid'] == 4001]
                by_cef = [e for e in events('cef', capture, site) if e['signature'].startswith('flow:')]
                names = [e['event']['id'] for e in by_ecs]
                self.assertEqual(names, [flow_name(flow) for flow in flows])
                self.assertEqual(len(names), len(set(names)))
                self.assertEqual([e['flow_id'] for e in by_eve], [int(name, 16) >> 13 for name in names])
                self.assertEqual([e['connection_info']['uid'] for e in by_ocsf], names)
                self.assertEqual([e['extension']['externalId'] for e in by_cef], names)
                for flow, *lines in zip(flows, by_ecs, by_eve, by_ocsf, by_cef):
                    self.flow(flow, *lines)

    def flow(self, flow, by_ecs, by_eve, by_ocsf, by_cef):
        extension = by_cef['extension']
        self.assertEqual(flow['bytes'], [by_ecs['source']['bytes'], by_ecs['destination']['bytes']])
        self.assertEqual(flow['bytes'], [by_eve['flow']['bytes_toserver'], by_eve['flow']['bytes_toclient']])
        self.assertEqual(flow['bytes'], [by_ocsf['traffic']['bytes_out'], by_ocsf['traffic']['bytes_in']])
        self.assertEqual(flow['bytes'], [int(extension['in']), int(extension['out'])])
        self.assertEqual(flow['packets'], [by_ocsf['traffic']['packets_out'], by_ocsf['traffic']['packets_in']])
        self.assertEqual(flow['packets'], [by_eve['flow']['pkts_toserver'], by_eve['flow']['pkts_toclient']])
        self.assertEqual({flow['verdict']}, {by_ecs['pcaudit']['flow']['verdict'], by_ocsf['unmapped']['verdict'],
                                             extension['cat'], by_eve['metadata']['flowbits'][0].split('.')[2]})
        self.assertEqual({flow['community_id']}, {by_ecs['network']['community_id'], by_eve['community_id'],
                                                  by_ocsf['connection_info']['community_uid'], extension['cs6']})
        self.assertEqual(by_ecs['@timestamp'], flow['last'])
        self.assertEqual(by_eve['timestamp'], flow['last'][:26] + '+0000')
        self.assertEqual((by_ocsf['start_time'], by_ocsf['time']), (ms(flow['first']), ms(flow['last'])))
        self.assertEqual(flow['vlan'], by_eve.get('vlan', []))
        self.assertEqual(flow['facts'].get('tls.sni'), by_ecs.get('tls', {}).get('client', {}).get('server_name',
                         flow['facts'].get('tls.sni')))

    def test_coverage(self):
        statuses = {'observed': 1, 'missing': 3, 'attempted': 3}
        for capture, site in variants():
            rows = told(capture, site, 'coverage')
            by_ecs = [e for e in events('ecs', capture, site) if e['event']['dataset'] == 'pcaudit.coverage']
            by_ocsf = [e for e in events('ocsf', capture, site) if e['class_uid'] == 2003 and 'status_id' not in e]
            by_cef = [e for e in events('cef', capture, site) if e['signature'].startswith('coverage:')]
            with self.subTest(capture=capture.name, site=bool(site)):
                self.assertEqual([row['rule'] for row in rows], [e['rule']['id'] for e in by_ecs])
                self.assertEqual([f"coverage:{row['rule']}" for row in rows], [e['finding_info']['uid'] for e in by_ocsf])
                self.assertEqual([statuses.get(row['status'], 2) for row in rows],
                                 [e['compliance']['status_id'] for e in by_ocsf])
                self.assertEqual([(row['rule'], f"coverage:{row['status']}") for row in rows],
                                 [(e['extension']['cs1'], e['signature']) for e in by_cef])

    def test_signatures_have_numbers_of_their_own(self):
        properties = schema('report')['$defs']['finding']['properties']
        words = {word for name in ('kind', 'note') for word in properties[name]['enum'] if word}
        rules = [rule['id'] for rule in json.loads(subprocess.run(
            [PROGRAM, 'rules', '-p', 'lync-server-2013', '-p', 'lync-server-2013-companions', '-f', 'json', 'list'],
            capture_output=True, check=True).stdout)]
        self.assertGreater(len(rules), 90)
        signatures = [f'{word}:{rule}' for word in words for rule in rules] + sorted(words)
        numbers = {int(hashlib.sha256(text.encode()).hexdigest()[:8], 16) & 0x7fffffff for text in signatures}
        self.assertEqual(len(numbers), len(signatures))


EVIL = 'a|b=c "d" \\e\x07\n\u2028\u202e\x85f'


class Hostile(unittest.TestCase):
    """Text that tries to end its line, its value or its quotes stays where it stands, in every format."""

    def test_names_of_a_site(self):
        text = SITE.read_text(encoding='utf-8')
        quoted = json.dumps(EVIL)
        self.assertRegex(text, r'(?m)^site: ')
        lines = [f'site: {quoted}' if line.startswith('site:') else line for line in text.splitlines()]
        capture = next(c for c in CAPTURES if c.stem == 'wrong-port')
        with tempfile.TemporaryDirectory() as folder:
            site = pathlib.Path(folder) / 'evil.yaml'
            site.write_text('\n'.join(lines) + '\n', encoding='utf-8')
            for form in FORMATS:
                with self.subTest(form=form):
                    plain, evil = audit(form, capture, SITE), audit(form, capture, site)
                    self.assertEqual(len(plain), len(evil))
                    for line in evil:
                        read(form, line)
            run = cef.parse(audit('cef', capture, site)[0])
            self.assertEqual(run['extension']['cs1'],
                             'a|b=c "d" \\e\\x07\\x0a\\xe2\\x80\\xa8\\xe2\\x80\\xae\\xc2\\x85f')

    def test_name_of_a_capture(self):
        capture = next(c for c in CAPTURES if c.stem == 'wrong-port')
        with tempfile.TemporaryDirectory() as folder:
            evil = pathlib.Path(folder) / 'a|b=c\n"d\\'.replace('/', '')
            evil.write_bytes(capture.read_bytes())
            for form in FORMATS:
                lines = [read(form, line) for line in audit(form, evil, SITE)]
                self.assertEqual(len(lines), len(events(form, capture, SITE)), form)
            flow = lines[-1]['extension']
            self.assertEqual(flow['fname'], f'{folder}/a|b=c\\x0a"d\\')


class Marked(unittest.TestCase):
    def test_accepted(self):
        case = ROOT / 'tests' / 'golden' / 'accepted' / 'site.yaml'
        capture = next(c for c in CAPTURES if c.stem == 'wrong-security')
        [finding] = [line for line in told(capture, case, 'finding') if line['accepted']]
        of = {form: events(form, capture, case) for form in FORMATS}
        [line] = [e for e in of['ecs'] if e.get('tags') == ['accepted']]
        self.assertEqual((line['event']['id'], line['event']['kind']), (finding['id'], 'event'))
        self.assertEqual(line['pcaudit']['finding']['accepted'], finding['accepted'])
        [line] = [e for e in of['eve'] if 'accepted' in e.get('alert', {}).get('metadata', {})]
        self.assertEqual((line['alert']['metadata']['finding'], line['alert']['severity']), ([finding['id']], 3))
        [line] = [e for e in of['ocsf'] if e.get('status') == 'Suppressed']
        self.assertEqual((line['finding_info']['uid'], line['comment']), (finding['id'], finding['accepted']['why']))
        [line] = [e for e in of['cef'] if e['extension'].get('flexString1Label') == 'Accepted']
        self.assertEqual((line['extension']['externalId'], line['severity']), (finding['id'], '0'))
        for form in ('ecs', 'eve', 'ocsf'):
            for line in of[form]:
                self.assertEqual(problems(form, line), [])


# Which line (by what it has), where, what stands there instead.
BROKEN = {
    'ecs': [
        ('alert', ['@timestamp'], GONE), ('alert', ['@timestamp'], '2026-03-01 10:00:00'), ('alert', ['ecs', 'version'], '1.0'),
        ('alert', ['event', 'kind'], 'state'), ('alert', ['event', 'kind'], 'finding'), ('alert', ['event', 'severity'], 7),
        ('alert', ['event', 'severity'], GONE), ('alert', ['event', 'type'], ['network']), ('alert', ['event', 'type'], []),
        ('alert', ['event', 'category'], 'network'), ('alert', ['event', 'id'], 17), ('alert', ['source', 'ip'], '10.0.0.300'),
        ('alert', ['source', 'port'], '443'), ('alert', ['network', 'iana_number'], 6), ('alert', ['network', 'direction'], 'in'),
        ('alert', ['network', 'community_id'], 'x'), ('alert', ['tags'], ['accepted']), ('alert', ['labels'], {}),
        ('alert', ['observer', 'type'], 'ids'), ('alert', ['pcaudit'], {}), ('alert', ['pcaudit', 'finding', 'flows'], '1'),
        ('alert', ['rule', 'id'], ''), ('flow', ['event', 'kind'], 'alert'), ('flow', ['event', 'severity'], 73),
        ('flow', ['source', 'bytes'], GONE), ('flow', ['pcaudit', 'flow', 'verdict'], 'fine'), ('flow', ['related'], GONE),
        ('coverage', ['rule'], GONE), ('coverage', ['event', 'kind'], 'event'),
        ('coverage', ['pcaudit', 'coverage', 'status'], 'seen'), ('run', ['pcaudit', 'run', 'capture'], None),
    ],
    'eve': [
        ('alert', ['timestamp'], '2026-03-01T10:00:00.000000Z'), ('alert', ['timestamp'], '2026-03-01T10:00:00.000000+00:00'),
        ('alert', ['timestamp'], GONE), ('alert', ['event_type'], 'flow'), ('alert', ['event_type'], 'finding'),
        ('alert', ['flow_id'], 2 ** 51), ('alert', ['flow_id'], '17'), ('alert', ['alert', 'action'], 'blocked'),
        ('alert', ['alert', 'signature_id'], 2 ** 31), ('alert', ['alert', 'signature_id'], GONE),
        ('alert', ['alert', 'severity'], 0), ('alert', ['alert', 'severity'], 'high'),
        ('alert', ['alert', 'metadata', 'kind'], 'wrong-port'), ('alert', ['alert', 'metadata', 'kind'], []),
        ('alert', ['alert', 'why'], 'x'), ('alert', ['proto'], 'tcp'), ('alert', ['src_ip'], 'host'), ('alert', ['dest_ip'], GONE),
        ('alert', ['flow', 'start'], GONE), ('alert', ['pcaudit'], {}), ('flow', ['flow', 'state'], 'open'),
        ('flow', ['flow', 'alerted'], 1), ('flow', ['flow', 'end'], GONE), ('flow', ['metadata', 'flowbits'], ['compliant']),
        ('flow', ['alert'], {}), ('run', ['stats', 'uptime'], GONE), ('run', ['stats'], GONE),
    ],
    'ocsf': [
        ('alert', ['class_uid'], 2001), ('alert', ['class_uid'], 4001), ('alert', ['type_uid'], 200302), ('alert', ['activity_id'], 4),
        ('alert', ['type_name'], 'Compliance Finding: Update'), ('alert', ['category_uid'], 4), ('alert', ['severity'], 'Low'),
        ('alert', ['severity_id'], 2), ('alert', ['time'], '1'), ('alert', ['metadata', 'version'], '1.0.0'),
        ('alert', ['metadata', 'product'], {}), ('alert', ['finding_info', 'uid'], GONE), ('alert', ['finding_info'], GONE),
        ('alert', ['compliance', 'standards'], []), ('alert', ['compliance', 'status_id'], 1), ('alert', ['status_id'], 3),
        ('alert', ['status_id'], GONE), ('alert', ['comment'], 'x'), ('alert', ['evidences', 0, 'src_endpoint', 'ip'], GONE),
        ('alert', ['evidences', 0, 'connection_info', 'direction_id'], GONE),
        ('alert', ['evidences', 0, 'connection_info', 'direction'], 'Sideways'), ('alert', ['unmapped', 'kind'], 'wrong'),
        ('flow', ['activity_id'], 4), ('flow', ['severity_id'], 4), ('flow', ['status_id'], 2), ('flow', ['traffic', 'bytes'], GONE),
        ('flow', ['dst_endpoint'], GONE), ('flow', ['connection_info', 'protocol_ver_id'], 6), ('coverage', ['severity_id'], 4),
        ('coverage', ['compliance'], GONE), ('coverage', ['status_id'], 1), ('run', ['scan'], GONE), ('run', ['activity_id'], 1),
    ],
}
WHICH = {
    'ecs': lambda e: 'alert' if e['event']['kind'] == 'alert' and 'source' in e else e['event']['dataset'].split('.')[1],
    'eve': lambda e: {'alert': 'alert' if 'src_ip' in e else '', 'flow': 'flow', 'stats': 'run'}[e['event_type']],
    'ocsf': lambda e: {4001: 'flow', 6007: 'run'}.get(e['class_uid'], 'coverage' if 'status_id' not in e else
                                                      'alert' if 'evidences' in e else ''),
}


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
    def test_broken_lines(self):
        capture = next(c for c in CAPTURES if c.stem == 'wrong-port')
        for form, cases in BROKEN.items():
            first = {}
            for line in events(form, capture, SITE):
                first.setdefault(WHICH[form](line), line)
            for which, path, value in cases:
                what = f"{form} {which} {path} {'gone' if value is GONE else repr(value)}"
                self.assertEqual(problems(form, first[which]), [], what)
                self.assertTrue(problems(form, broken(first[which], path, value)), f'{what}: accepted')

    def test_broken_cef(self):
        good = r'CEF:0|v|p|1|id|a \| b\\ name|8|src=10.0.0.1 cs1Label=Rule cs1=a \= b | c\\ msg=x'
        self.assertEqual(cef.parse(good)['extension']['cs1'], 'a = b | c\\')
        self.assertEqual(cef.parse(good)['name'], 'a | b\\ name')
        for change in (('CEF:0', 'CEF:2'), ('|8|', '|11|'), ('|8|', '|high|'), (r'\|', '|'), (r'\\ name', r'\ name'), (r'\=', '='),
                       (r'c\\', 'c\\'), ('10.0.0.1', '10.0.0.256'), ('src=', 'source='), ('cs1Label=Rule ', ''), ('cs1=', 'cs2='),
                       ('msg=x', 'msg=x\nCEF:0'), ('msg=x', 'msg=x src=10.0.0.2'), ('msg=x', 'msg=' + 1024 * 'x'),
                       ('msg=x', 'msg='), ('msg=x', 'spt=70000'), ('|id|', '||'), ('msg=x', 'msg=a\u2028b')):
            self.assertIn(change[0], good)
            with self.assertRaises(cef.Wrong, msg=change):
                cef.parse(good.replace(*change, 1))


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    unittest.main()
