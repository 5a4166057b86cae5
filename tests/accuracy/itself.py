"""Would a drop be noticed? The counting of tools/accuracy, the payloads of tools/foreign.py and what tshark.py
takes for the same, by themselves.
"""
import importlib.machinery
import importlib.util
import pathlib
import random
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOOLS = pathlib.Path(__file__).resolve().parents[2] / 'tools'
sys.path[:0] = [str(TOOLS), str(pathlib.Path(__file__).resolve().parent)]
import foreign  # noqa: E402
import truth  # noqa: E402
import tshark  # noqa: E402

LOADER = importlib.machinery.SourceFileLoader('accuracy', str(TOOLS / 'accuracy'))
accuracy = importlib.util.module_from_spec(importlib.util.spec_from_loader('accuracy', LOADER))
LOADER.exec_module(accuracy)

ROWS = [('protocol sip', {'flows': 6, 'right': 5, 'wrong': 0, 'unjudged': 1}),
        ('verdict compliant', {'flows': 9, 'right': 9, 'wrong': 0, 'unjudged': 0})]


def figures(rows):
    return accuracy.from_table('\n'.join(accuracy.as_table('truth', rows)))


def changed(row, **values):
    return [(word, {**old, **values} if i == row else old) for i, (word, old) in enumerate(ROWS)]


class Outcomes(unittest.TestCase):
    def test_silence_is_neither_right_nor_wrong(self):
        self.assertEqual(accuracy.outcome(['sip'], 'sip', 'unknown'), 'right')
        self.assertEqual(accuracy.outcome(['sip', 'tls'], 'tls', 'unknown'), 'right')
        self.assertEqual(accuracy.outcome(['sip'], 'http', 'unknown'), 'wrong')
        self.assertEqual(accuracy.outcome(['sip'], 'unknown', 'unknown'), 'unjudged')
        self.assertEqual(accuracy.outcome(['unknown'], 'unknown', 'unknown'), 'right')
        self.assertEqual(accuracy.outcome(['unknown'], 'sip', 'unknown'), 'wrong')

    def test_a_verdict_is_right_with_its_kind(self):
        row = {'verdict': 'violation', 'kind': 'wrong-port', 'rule': 'a / b'}

        def results(verdict, kind, rule):
            found = accuracy.verdict_of(row, {'verdict': verdict, 'kind': kind, 'rule': rule}, 'x')
            return [result for *_, result, _ in found]
        self.assertEqual(results('violation', 'wrong-port', 'b'), ['right', 'right'])
        self.assertEqual(results('violation', 'undocumented', None), ['wrong', 'unjudged'])
        self.assertEqual(results('unjudged', None, 'a'), ['unjudged', 'right'])
        self.assertEqual(results('compliant', None, 'c'), ['wrong', 'wrong'])

    def test_a_cell_may_name_several_words_or_none(self):
        self.assertEqual(truth.words({'protocol': 'sip / tls'}, 'protocol'), ['sip', 'tls'])
        self.assertIsNone(truth.words({'protocol': '-'}, 'protocol'))
        self.assertIsNone(truth.words({}, 'rule'))
        self.assertEqual(truth.words({'kind': ''}, 'kind'), [''])


class Drops(unittest.TestCase):
    def test_the_table_is_read_as_it_was_written(self):
        self.assertEqual(figures(ROWS)['protocol sip', 'unjudged'], 1)
        self.assertEqual(len(figures(ROWS)), 8)

    def test_what_gets_worse(self):
        before = figures(ROWS)
        self.assertEqual(accuracy.worse(before, before), [])
        self.assertEqual(accuracy.worse(before, figures(changed(0, right=6, unjudged=0))), [])
        self.assertEqual(len(accuracy.worse(before, figures(changed(0, right=4, wrong=1)))), 2)
        self.assertEqual(len(accuracy.worse(before, figures(changed(1, right=8, unjudged=1)))), 2)
        self.assertEqual(len(accuracy.worse(before, figures(changed(1, flows=11, wrong=2)))), 1)

    def test_what_comes_and_goes(self):
        before = figures(ROWS)
        self.assertEqual(len(accuracy.worse(before, figures(ROWS[:1]))), 1)
        new = [('protocol ssrp', {'flows': 2, 'right': 1, 'wrong': 1, 'unjudged': 0})]
        self.assertEqual(len(accuracy.worse(before, figures(ROWS + new))), 1)


class Foreign(unittest.TestCase):
    def test_every_kind_is_alike_twice_and_says_something(self):
        for kind, (runs_on, names, speak) in foreign.KINDS.items():
            once, again = speak(random.Random('x')), speak(random.Random('x'))
            self.assertEqual(once, again, kind)
            self.assertTrue(once and all(side in (0, 1) and body for side, body in once), kind)
            self.assertIn(runs_on, ('tcp', 'udp', 'both'))
            self.assertNotIn('unknown', names)

    def test_a_capture_is_what_it_should_be(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'x.pcap')
            foreign.write(path, [('x', ('10.0.0.1', 20000, '10.0.0.2', 5061, 'udp'), [(0, b'hello'), (1, b'hi')])])
            data = path.read_bytes()
        self.assertEqual(len(data), 24 + 2 * (16 + 28) + 7)
        self.assertEqual(data[24 + 16:24 + 16 + 33].hex(),
                         '450000210000000040110000' '0a000001' '0a000002' '4e2013c5000d0000' '68656c6c6f')

    def test_no_two_flows_share_their_ends(self):
        ends = [('10.0.0.1', 20000, '10.0.0.2', 5061, 'tcp'), ('10.0.0.1', 20000, '10.0.0.2', 3478, 'udp')]
        seen = [flow for _, flow, _ in foreign.flows(ends, {'tcp': 2, 'udp': 3})]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertGreater(len(seen), 250)


class SecondOpinion(unittest.TestCase):
    def test_what_is_the_same(self):
        def result(protocol, theirs, security='none', facts=()):
            return tshark.compare({'protocol': protocol, 'security': security, 'facts': dict.fromkeys(facts)}, set(theirs))
        self.assertEqual(result('turn', ['stun']), 'same')
        self.assertEqual(result('sip', ['sip', 'sdp']), 'same')
        self.assertEqual(result('xmpp-server', ['tls'], 'mtls'), 'same')
        self.assertEqual(result('rtcp', ['stun'], facts=['stun.answered']), 'same')
        self.assertEqual(result('unknown', ['kerberos']), 'same')
        self.assertEqual(result('unknown', []), 'same')
        self.assertEqual(result('xmpp-server', []), 'silent')
        self.assertEqual(result('unknown', ['sip'], facts=['sip.methods']), 'differs')
        self.assertEqual(result('http', ['sip'], facts=['sip.methods']), 'differs')
        self.assertEqual(result('msturn', ['tls']), 'differs')
        self.assertEqual(result('sip', ['kerberos']), 'differs')
        self.assertEqual(result('unknown', ['tls'], 'tls'), 'differs')

    def test_an_explanation_has_to_be_true(self):
        name, flow, ours, theirs, first, _ = tshark.EXPLAINED[0]
        self.assertTrue(tshark.excuse(name, flow, ours, {theirs}, first + '00'))
        self.assertIsNone(tshark.excuse(name, flow, ours, {theirs}, '00' + first))
        self.assertIsNone(tshark.excuse(name, flow, ours, {'sip'}, first))
        self.assertIsNone(tshark.excuse(name, flow, 'sip', {theirs}, first))
        self.assertIsNone(tshark.excuse(name, '1:9999', ours, {theirs}, first))


if __name__ == '__main__':
    unittest.main()
