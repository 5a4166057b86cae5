"""Holds `pcaudit explain` against the report: every flow of every capture is explained, as text and
as JSON, and tells the same story. Wrong ids end in 2 with a hint.

Usage: test_explain.py PCAUDIT
"""
import json
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = ROOT / 'rules' / 'contoso.yaml'
CAPTURES = sorted(path for path in (ROOT / 'pcaps').iterdir() if path.suffix in ('.pcap', '.pcapng'))
PROGRAM = None


def run(*args):
    return subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, check=False)


def flows(capture):
    done = run('audit', '-s', SITE, '--flows=all', '-f', 'json', capture)
    return json.loads(done.stdout)['flows']


class Explained(unittest.TestCase):
    def test_the_same_story(self):
        n = 0
        for capture in CAPTURES:
            for flow in flows(capture):
                with self.subTest(capture=capture.name, flow=flow['id']):
                    self.explain(capture, flow)
                    n += 1
        self.assertGreater(n, 60)

    def explain(self, capture, flow):
        done = run('explain', '-s', SITE, '--flow', flow['id'], '-f', 'json', '--all', capture)
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        data = json.loads(done.stdout)
        self.assertEqual(data['flow'], flow)
        self.assertEqual(data['rules_not_listed'], 0)
        rules = {rule['rule']: rule for rule in data['rules']}
        self.assertEqual(len(rules), len(data['rules']))
        fits = {id for id, rule in rules.items() if rule['failed_headers'] == 0}
        kept = {id for id, rule in rules.items() if rule['outcome'] == 'kept'}
        failed = {rule['failed_headers'] for rule in data['rules']}
        self.assertEqual([r['failed_headers'] for r in data['rules'] if r['failed_headers'] < 2],
                         sorted(r['failed_headers'] for r in data['rules'] if r['failed_headers'] < 2))
        self.assertLessEqual(max(failed), 4)
        for rule in rules.values():
            self.assertEqual(rule['outcome'] == 'failed', rule['failed'] is not None)
            self.assertFalse(rule['outcome'] == 'kept' and rule['failed_headers'])
        if flow['verdict'] == 'compliant':
            self.assertIn(flow['rule'], kept)
        if flow['kind'] in ('wrong-protocol', 'wrong-security'):
            self.assertEqual(rules[flow['rule']]['failed'], flow['kind'].removeprefix('wrong-'))
        if flow['kind'] in ('wrong-port', 'wrong-transport', 'wrong-source', 'wrong-destination'):
            self.assertFalse(fits)
            self.assertEqual(rules[flow['rule']]['failed'], flow['kind'].removeprefix('wrong-'))
            self.assertEqual(rules[flow['rule']]['failed_headers'], 1)
        if flow['kind'] == 'undocumented':
            # A wide media range may hold the port of anything: then the protocol tells.
            self.assertEqual({rules[id]['failed'] for id in fits} - {'protocol'}, set())

    def test_text_has_both_values(self):
        capture = next(c for c in CAPTURES if c.stem == 'wrong-port')
        flow = flows(capture)[0]
        done = run('explain', '-s', SITE, '--flow', flow['id'], capture)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, rf"(?m)^  {flow['rule']} +port: expected \d+, observed {flow['dst']['port']}$")
        number = flow['id'].split(':')[1]
        self.assertEqual(run('explain', '-s', SITE, '--flow', number, capture).stdout, done.stdout)


class Refused(unittest.TestCase):
    def refuse(self, hint, *args):
        done = run('explain', '-s', SITE, *args)
        self.assertEqual((done.returncode, done.stdout), (2, ''), args)
        self.assertIn(hint, done.stderr)

    def test_wrong_ids(self):
        capture = next(c for c in CAPTURES if c.stem == 'wrong-port')
        first = int(flows(capture)[0]['id'].split(':')[1])
        self.refuse(f'before it is 1:{first}', '--flow', first + 1, capture)
        self.refuse('no flow begins with that packet', '--flow', '1:999999', capture)
        self.refuse('no capture 2', '--flow', '2:1', capture)
        self.refuse('no capture 0', '--flow', '0:1', capture)
        for text in ('', 'x', '1:', ':1', '1:x', '1:2:3', '-1', '99999999999999999999', '1 '):
            self.refuse('is expected', f'--flow={text}', capture)
        self.refuse('FILE:NUMBER', '--flow', '3', capture, capture.with_name('web.pcap'))
        self.refuse('which flow?', capture)
        self.refuse('no capture named', '--flow', '3')
        self.refuse('text or json', '--flow', '3', '-f', 'ndjson', capture)

    def test_lists_take_no_operand(self):
        for command in ('facts', 'detectors', 'formats'):
            self.assertEqual(run(command).returncode, 0)
            json.loads(run(command, '-f', 'json').stdout)
            for wrong in (['x'], ['-f', 'xml'], ['--all'], ['-f']):
                done = run(command, *wrong)
                self.assertEqual((done.returncode, done.stdout), (2, ''))
                self.assertTrue(done.stderr)


if __name__ == '__main__':
    PROGRAM = sys.argv.pop(1)
    unittest.main()
