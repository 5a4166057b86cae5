"""Holds the display filter of every finding against tshark.

Usage: test_wireshark.py PCAUDIT

For every finding with examples, tshark must find exactly the packets of the examples: as many as
pcaudit counted for those flows, none between other ends, and beside them only ICMP errors, which
quote the packet they are about. Left out where tshark is not installed.
"""
import collections
import concurrent.futures
import json
import pathlib
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = ROOT / 'rules' / 'contoso.yaml'
CAPTURES = sorted(path for path in (ROOT / 'pcaps').iterdir() if path.suffix in ('.pcap', '.pcapng'))
FIELDS = ['ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'udp.srcport',
          'udp.dstport', 'icmp.type', 'icmpv6.type']
PROGRAM = None


def audit(capture):
    run = subprocess.run([PROGRAM, 'audit', '-s', str(SITE), '--flows=all', '-f', 'json', str(capture)],
                         capture_output=True, check=False)
    return json.loads(run.stdout)


def select(capture, display_filter):
    """The packets that the filter selects, each a dictionary of its fields' first values."""
    command = ['tshark', '-n', '-r', str(capture), '-Y', display_filter, '-T', 'fields', '-E', 'occurrence=f']
    for field in FIELDS:
        command += ['-e', field]
    run = subprocess.run(command, capture_output=True, check=True, text=True)
    return [dict(zip(FIELDS, line.split('\t'))) for line in run.stdout.splitlines()]


def ends_of_packet(packet):
    src = packet['ip.src'] or packet['ipv6.src']
    dst = packet['ip.dst'] or packet['ipv6.dst']
    sport = packet['tcp.srcport'] or packet['udp.srcport']
    dport = packet['tcp.dstport'] or packet['udp.dstport']
    return frozenset([(src, sport), (dst, dport)])


def ends_of_flow(flow):
    return frozenset((end['ip'], '' if end['port'] is None else str(end['port']))
                     for end in (flow['src'], flow['dst']))


def is_icmp_error(packet):
    """An error: its own type is none of echo's, whatever it quotes."""
    return (packet['icmp.type'] not in ('', '0', '8', '13', '14') or
            packet['icmpv6.type'] not in ('', '128', '129'))


def complaints(capture):
    data = audit(capture)
    packets = {flow['id']: sum(flow['packets']) for flow in data['flows']}
    found = []
    for finding in data['findings']:
        if not finding['examples']:
            continue
        selected = [p for p in select(capture, finding['wireshark']) if not is_icmp_error(p)]
        wanted = collections.Counter()
        for example in finding['examples']:
            wanted[ends_of_flow(example)] += packets[example['id']]
        got = collections.Counter(ends_of_packet(packet) for packet in selected)
        if got != wanted:
            found.append(f"{capture.name} {finding['id']}: {finding['wireshark']}: {got} is not {wanted}")
    return found, sum(bool(finding['examples']) for finding in data['findings'])


class Filters(unittest.TestCase):
    def test_they_select_exactly_the_examples(self):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(complaints, CAPTURES))
        self.assertEqual([c for found, _ in results for c in found], [])
        self.assertGreater(sum(n for _, n in results), 20)

    def test_a_wrong_filter_would_be_noticed(self):
        capture = next(c for c in CAPTURES if c.stem == 'blocked')
        flow = audit(capture)['flows'][0]
        one_end = f"tcp.port == {flow['dst']['port']}"
        self.assertNotEqual(collections.Counter(map(ends_of_packet, select(capture, one_end))),
                            collections.Counter({ends_of_flow(flow): sum(flow['packets'])}))


if __name__ == '__main__':
    if not shutil.which('tshark'):
        print('tshark is not installed')
        sys.exit(77)
    PROGRAM = sys.argv.pop(1)
    unittest.main()
