#!/usr/bin/env python3
"""What a capture is packed in changes nothing of what is said of its flows: run.py PCAUDIT CHECK...

Checks are the functions check_NAME() below, each with what it shows. Runs in the project's folder.
"""
import json
import lzma
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import zlib

import frames

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CAPTURES = sorted(path for path in (ROOT / 'pcaps').iterdir() if path.suffix.startswith('.pcap'))
SITE = 'rules/contoso.yaml'


class Auditor:
    def __init__(self, program, tmp):
        self.program, self.tmp = program, tmp

    def report(self, capture, site=SITE, *words):
        """Of a path, or of the bytes of a capture."""
        if isinstance(capture, bytes):
            path = self.tmp / 'capture'
            path.write_bytes(capture)
            capture = path
        done = subprocess.run([self.program, 'audit', '-s', site, '-f', 'json', '--flows=all', *words, capture],
                              cwd=ROOT, capture_output=True, timeout=100, check=False)
        assert done.returncode in (0, 1, 4), done
        return json.loads(done.stdout)


def flows_of(report):
    return {flow['id']: flow for flow in report['flows']}


def same(a, b, keys, *what):
    for key in keys:
        assert a[key] == b[key], (*what, key, a[key], b[key])


# ---- A snaplen of 64 -----------------------------------------------------------------------------

# A violation of the headers alone: roles, direction, transport, port.
BY_HEADERS = ('wrong-source', 'wrong-destination', 'wrong-direction', 'wrong-transport', 'undocumented')

# Where 64 bytes are not enough for layer 4, and how many frames that is: an ICMP error needs 66 up
# to the ports that it quotes, TCP over IPv6 68 up to its flags.
SHORT = {'blocked.pcapng': 2, 'ipv6.pcapng': 17}
LOST = {('ipv6.pcapng', '1:3')}

# What needs the protocol, which 64 bytes do not show:
NEEDS_PROTOCOL = {
    # the site has no DHCP server, so only a recognised protocol brings these two into scope;
    ('dhcp.pcap', '1:1'): ('out-of-scope', None),
    ('dhcp.pcap', '1:2'): ('out-of-scope', None),
    # a request and its answer tell who opened it; by ports it could be media of the Front End.
    ('undocumented.pcap', '1:30'): ('unjudged', 'snaplen'),
}


# A flow on another port is an attempt of the rule only if its protocol is recognised; else the rule,
# and the one that the table prints as its pair, was never seen.
MISSING = {'wrong-port.pcap': {'fed-sip-in', 'fed-sip-out', 'xmpp-in', 'xmpp-out'}}


def expected_verdicts(flow):
    """Of a flow that was judged whole: what may be said when its payload is cut."""
    verdict, kind = flow['verdict'], flow['kind']
    if verdict == 'violation' and kind in BY_HEADERS:
        return [('violation', kind, flow['rule'], None)]
    if kind == 'wrong-port':  # near in its port only if the protocol is recognised
        return [('violation', 'undocumented', None, None)]
    if kind == 'rejected':  # the error that says so is cut before the ports it quotes
        return [('blocked', 'unanswered', flow['rule'], None)]
    cut = ('unjudged', None, flow['rule'], 'snaplen')
    if kind in ('wrong-protocol', 'wrong-security', 'feature-off', 'handshake-refused'):
        return [cut]
    same_as_whole = (verdict, kind, flow['rule'], flow['reason'])
    if verdict == 'compliant' and flow['transport'] == 'udp':  # 22 bytes of a datagram may be enough
        return [cut, same_as_whole]
    return [cut] if verdict in ('compliant', 'unjudged') else [same_as_whole]


def check_cut_flow(name, whole, cut):
    where = (name, whole['id'])
    if where in NEEDS_PROTOCOL:
        assert (cut['verdict'], cut['reason']) == NEEDS_PROTOCOL[where], (where, cut)
        return
    same(whole, cut, ('src', 'dst', 'transport', 'packets', 'bytes', 'first', 'last', 'community_id'), where)
    if whole['kind'] != 'rejected':
        same(whole, cut, ('state',), where)
    if whole['direction'] == 'syn':
        same(whole, cut, ('direction',), where)
    said = tuple(cut[key] for key in ('verdict', 'kind', 'rule', 'reason'))
    assert said in expected_verdicts(whole), (where, said, expected_verdicts(whole))
    if cut['reason'] == 'snaplen':
        assert cut['protocol'] == cut['security'] == 'unknown', (where, cut)


def check_snaplen(auditor):
    """64 bytes of each frame give every verdict of layers 3 and 4; nothing is broken for want of more."""
    compared = 0
    for path in CAPTURES:
        whole = auditor.report(path)
        cut = auditor.report(frames.write_pcapng(frames.cut(frames.read(path), 64), snaplen=64))
        flows, cut_flows = flows_of(whole), flows_of(cut)
        lost = {flow_id for name, flow_id in LOST if name == path.name}
        assert flows.keys() - lost == cut_flows.keys(), (path.name, flows.keys() ^ cut_flows.keys())
        for flow_id, flow in flows.items():
            if flow_id not in lost:
                check_cut_flow(path.name, flow, cut_flows[flow_id])
                compared += 1
        assert cut['capture']['received'] == whole['capture']['received']
        assert cut['capture']['short'] == SHORT.get(path.name, 0), (path.name, cut['capture'])
        same(whole['capture'], cut['capture'], ('invalid', 'unsupported', 'lost_bytes'), path.name)
        # A rule whose flows cannot be judged any more is not missing.
        missing = {row['rule'] for row in whole['coverage'] if row['status'] == 'missing'}
        now_missing = {row['rule'] for row in cut['coverage'] if row['status'] == 'missing'}
        assert now_missing - missing == MISSING.get(path.name, set()), (path.name, now_missing - missing)
    assert compared >= 70, compared


# ---- Tunnels -------------------------------------------------------------------------------------

# Both ends of every tunnel are servers of the site, and no rule lets them exchange such packets.
OUTER = '10.0.2.20', '10.0.2.40'
OUTER_PORT = 49200


def outer_ends(frame):
    """A tunnel turns round with what it carries."""
    ip = frames.ip_of(frame)
    ends = (ip[12:16], ip[16:20]) if ip[0] >> 4 == 4 else (ip[8:24], ip[24:40])
    return OUTER if ends[0] < ends[1] else OUTER[::-1]


def over_ip(frame, protocol, payload):
    return frames.ethernet(0x0800, frames.ipv4(*outer_ends(frame), protocol, payload))


def over_udp(frame, port, payload):
    return over_ip(frame, 17, frames.udp(OUTER_PORT, port, payload))


def gre(frame, kind, payload, flags=0, options=b''):
    return over_ip(frame, 47, struct.pack('>HH', flags, kind) + options + payload)


def in_mpls(frame):  # RFC 3032: two labels, 16 and 5001, then IP
    return frames.ethernet(0x8847, struct.pack('>II', 16 << 12 | 64, 5001 << 12 | 0x100 | 64) + frames.ip_of(frame))


def in_mpls_ethernet(frame):  # RFC 4448, with its control word
    return frames.ethernet(0x8847, struct.pack('>II', 5001 << 12 | 0x100 | 64, 0) + frame.data)


def in_pppoe(frame):  # RFC 2516, RFC 1332, RFC 5072
    ip = frames.ip_of(frame)
    protocol = 0x0021 if ip[0] >> 4 == 4 else 0x0057
    return frames.ethernet(0x8864, struct.pack('>BBHHH', 0x11, 0, 5001, len(ip) + 2, protocol) + ip)


def in_pbb(frame):  # IEEE 802.1ah: I-TAG, then a frame
    return frames.ethernet(0x88e7, struct.pack('>I', 5001) + frame.data)


def in_gre(frame):  # RFC 2784 with the key of RFC 2890
    ip = frames.ip_of(frame)
    return gre(frame, frames.ether_type(ip), ip, 0x2000, struct.pack('>I', 5001))


def in_gre_ethernet(frame):  # RFC 2784 without a key
    return gre(frame, 0x6558, frame.data)


def in_erspan_1(frame):
    return gre(frame, 0x88be, frame.data)


def in_erspan_2(frame):  # version 1, VLAN 7, session 501, port index 9
    return gre(frame, 0x88be, struct.pack('>HHI', 1 << 12 | 7, 501, 9) + frame.data, 0x1000, struct.pack('>I', 77))


def in_erspan_3(frame):  # version 2, VLAN 7, session 501; a timestamp, no group tag, no subheader
    return gre(frame, 0x22eb, struct.pack('>HHIHH', 2 << 12 | 7, 501, 123456, 0, 0) + frame.data, 0x1000,
               struct.pack('>I', 77))


def in_vxlan(frame):
    return over_udp(frame, 4789, struct.pack('>II', 0x08000000, 5001 << 8) + frame.data)


def in_geneve(frame):  # one option of 4 bytes
    return over_udp(frame, 6081, struct.pack('>BBHIHBBI', 2, 0, 0x6558, 5001 << 8, 0x0102, 3, 1, 0) + frame.data)


def in_ipip(frame):
    return over_ip(frame, 4, frames.ip_of(frame))


def in_three(frame):  # outermost MPLS, then GRE, then VXLAN
    return in_mpls(frame._replace(data=in_gre(frame._replace(data=in_vxlan(frame)))))


def tunnel(kind, tunnel_id, port=None, transport=None):
    """What the report says of one; ends are filled in per flow."""
    return {'kind': kind, 'id': tunnel_id, 'port': port, 'transport': transport}


TUNNELS = [
    (in_mpls, [tunnel('mpls', 5001)]),
    (in_mpls_ethernet, [tunnel('mpls', 5001)]),
    (in_pppoe, [tunnel('pppoe', 5001)]),
    (in_pbb, [tunnel('802.1ah', 5001)]),
    (in_gre, [tunnel('gre', 5001, None, '47')]),
    (in_gre_ethernet, [tunnel('gre', None, None, '47')]),
    (in_erspan_1, [tunnel('erspan-1', None, None, '47')]),
    (in_erspan_2, [tunnel('erspan-2', 501, None, '47')]),
    (in_erspan_3, [tunnel('erspan-3', 501, None, '47')]),
    (in_vxlan, [tunnel('vxlan', 5001, 4789, 'udp')]),
    (in_geneve, [tunnel('geneve', 5001, 6081, 'udp')]),
    (in_ipip, [tunnel('ip-in-ip', None, None, '4')]),
    (in_three, [tunnel('mpls', 5001), tunnel('gre', 5001, None, '47'), tunnel('vxlan', 5001, 4789, 'udp')]),
]

TUNNELLED = ('fed-sip-mtls.pcap', 'undocumented.pcap', 'wrong-direction.pcap', 'blocked.pcapng', 'rtp-fragments.pcap',
             'turn-udp.pcap')


def wrap(capture, around):
    """Every IP packet of it in the tunnel, so that numbers stay what they are."""
    return [frame if frames.ip_of(frame) is None else
            frame._replace(data=around(frame), wire=len(around(frame))) for frame in capture]


def end(address, port):
    return {'ip': address, 'port': port}


def expected_tunnels(kinds, first):
    """The list that a flow has whose first packet was this frame."""
    src, dst = outer_ends(first)
    return [{'kind': t['kind'], 'id': t['id'],
             'src': end(src, OUTER_PORT if t['port'] else None) if t['transport'] else None,
             'dst': end(dst, t['port']) if t['transport'] else None,
             'transport': t['transport']} for t in kinds]


def without_tunnels(findings):
    return [finding | {'examples': [{k: v for k, v in example.items() if k != 'tunnel'}
                                    for example in finding['examples']]} for finding in findings]


def check_tunnels(auditor):
    """The inner flow is judged as if bare, and says what carried it; the outer one is no flow."""
    for name in TUNNELLED:
        capture = frames.read(ROOT / 'pcaps' / name)
        whole = auditor.report(frames.write_pcapng(capture))
        for around, kinds in TUNNELS:
            where = (name, around.__name__)
            report = auditor.report(frames.write_pcapng(wrap(capture, around)))
            same(whole, report, ('capture', 'summary', 'coverage'), *where)
            assert without_tunnels(report['findings']) == without_tunnels(whole['findings']), where
            assert len(report['flows']) == len(whole['flows']) > 0, where
            for flow, bare in zip(report['flows'], whole['flows']):
                assert bare['tunnel'] is None
                first = capture[int(flow['id'].split(':')[1]) - 1]
                assert flow | {'tunnel': None} == bare, (where, flow, bare)
                assert flow['tunnel'] == expected_tunnels(kinds, first), (where, flow['tunnel'])
            for finding in report['findings']:
                for example in finding['examples']:
                    assert example['tunnel'][0]['kind'] == kinds[0]['kind'], (where, example)
    check_tunnels_of_ipv6(auditor)
    check_depth(auditor)


def tcp(src_port, dst_port, seq, ack, flags):
    return struct.pack('>HHIIBBHHH', src_port, dst_port, seq, ack, 0x50, flags, 64240, 0, 0)


def check_tunnels_of_ipv6(auditor):
    """6in4 (RFC 4213) and Teredo (RFC 4380) between two servers of the site: one finding, of what is inside."""
    server, client = '2001:db8:2::20', '2001:0:cb00:710a::1'  # RFC 4380: a Teredo address
    site = auditor.tmp / 'site.yaml'
    site.write_text(f'site: Six\npacks: [lync-server-2013]\nnetworks: [10.0.0.0/8]\n'
                    f'roles:\n  front-end-server: ["{server}", {OUTER[0]}]\n  mediation-server: [{OUTER[1]}]\n')
    inner = [frames.ipv6(client, server, 6, tcp(50000, 9999, 1, 0, 0x02)),
             frames.ipv6(server, client, 6, tcp(9999, 50000, 0, 2, 0x14))]
    ways = [('6in4', None, '41', lambda ends, ip: frames.ipv4(*ends, 41, ip)),
            ('teredo', 3544, 'udp', lambda ends, ip: frames.ipv4(*ends, 17, frames.udp(OUTER_PORT, 3544, ip)))]
    for kind, port, transport, around in ways:
        capture = [frames.Frame(1772359200 * 10**9 + i, frames.RAW, 0, around(OUTER if i == 0 else OUTER[::-1], ip))
                   for i, ip in enumerate(inner)]
        report = auditor.report(frames.write_pcap(capture), str(site))
        assert [(flow['src']['ip'], flow['dst']['ip'], flow['kind']) for flow in report['flows']] == \
            [(client, server, 'refused')], (kind, report['flows'])
        assert report['flows'][0]['tunnel'] == [{'kind': kind, 'id': None, 'src': end(OUTER[0], port and OUTER_PORT),
                                                 'dst': end(OUTER[1], port), 'transport': transport}]
        about = [finding for finding in report['findings'] if finding['flows']]
        assert [finding['kind'] for finding in about] == ['refused'], (kind, about)


def check_depth(auditor):
    """Eight tunnels are opened; a ninth is not looked into, is counted, and no flow is made of it."""
    capture = frames.read(ROOT / 'pcaps' / 'undocumented.pcap')
    for depth in (8, 9):
        wrapped = [frame for frame in capture if frames.ip_of(frame) is not None]
        n = len(wrapped)
        for _ in range(depth):
            wrapped = wrap(wrapped, in_gre_ethernet)
        report = auditor.report(frames.write_pcapng(wrapped)) if depth == 8 else \
            json.loads(subprocess.run([auditor.program, 'audit', '-s', SITE, '-f', 'json', '--flows=all', '-'], cwd=ROOT,
                                      input=frames.write_pcapng(wrapped), capture_output=True, check=False).stdout)
        assert report['capture']['unsupported'] == (0 if depth == 8 else n), report['capture']
        assert {len(flow['tunnel']) for flow in report['flows']} == ({8} if depth == 8 else set())


# ---- What a pcapng file says of its interfaces ---------------------------------------------------


def text(code, words):
    return frames.option(code, words.encode())


def statistics(index, dropped_interface, dropped_kernel):
    return frames.block(5, struct.pack('<III', index, 0, 0) + frames.option(5, struct.pack('<Q', dropped_interface)) +
                        frames.option(7, struct.pack('<Q', dropped_kernel)) + frames.option(0, b''))


def two_interfaces(capture, options=b''):
    """Every frame by one of two cards in turn, one of them without a link layer; a name block that lies."""
    out = frames.section() + frames.interface(frames.ETHERNET, 0, text(2, 'left') + frames.option(9, b'\x09') + options) + \
        frames.interface(frames.RAW, 96, text(2, 'right') + text(3, 'span of core 2') + frames.option(9, b'\x09'))
    lie = struct.pack('<HH', 1, 30) + bytes([10, 0, 2, 20]) + b'access-edge.contoso.example\0'[:26]
    out += frames.block(4, lie + bytes(-len(lie) % 4) + struct.pack('<HH', 0, 0))
    for i, frame in enumerate(capture):
        ip = frames.ip_of(frame)
        if i % 2 and ip:
            frame = frame._replace(data=ip, wire=len(ip))
        out += frames.packet(1 if i % 2 and ip else 0, frame.time_ns, frame, '<', text(1, 'seen') + frames.option(0, b''))
    custom = frames.block(0xbad, struct.pack('<I', 32473) + b'anything at all.')
    return out + custom + statistics(0, 2, 0) + statistics(1, 0, 3)


def check_interfaces(auditor):
    """One file, two cards with link types of their own: as whole as the capture they were made of."""
    capture = frames.read(ROOT / 'pcaps' / 'missing.pcapng')
    whole = auditor.report(frames.write_pcapng(capture))
    report = auditor.report(two_interfaces(capture))
    for flow, bare in zip(report['flows'], whole['flows'], strict=True):
        same(flow, bare, ('id', 'src', 'dst', 'packets', 'bytes', 'protocol', 'security', 'verdict', 'rule', 'facts'))
    entry = report['inputs'][0]
    n_right = sum(i % 2 and frames.ip_of(frame) is not None for i, frame in enumerate(capture))
    nothing = {'description': None, 'filter': None}
    assert entry['interfaces'] == [
        nothing | {'name': 'left', 'link_type': 'ethernet', 'snaplen': None, 'packets': len(capture) - n_right,
                   'dropped_interface': 2, 'dropped_kernel': 0},
        nothing | {'name': 'right', 'description': 'span of core 2', 'link_type': 'raw-ip', 'snaplen': 96,
                   'packets': n_right, 'dropped_interface': 0, 'dropped_kernel': 3}], entry['interfaces']
    assert entry['link_types'] == ['ethernet', 'raw-ip'] and entry['comments'] == len(capture), entry
    same(report['capture'], {'dropped_interface': 2, 'dropped_kernel': 3, 'received': len(capture) + 5}, (
        'dropped_interface', 'dropped_kernel', 'received'))
    # Filtered while it was captured: what was left out cannot be missing.
    assert whole['summary']['rules_by_coverage']['missing'] > 0 and not whole['capture']['filtered']
    filtered = auditor.report(two_interfaces(capture, frames.option(11, b'\0tcp port 443')))
    assert filtered['capture']['filtered'] and filtered['inputs'][0]['interfaces'][0]['filter'] == 'tcp port 443'
    assert filtered['summary']['rules_by_coverage']['missing'] == 0, filtered['summary']


# ---- What unpacks to much more than it is ---------------------------------------------------------

BOMB_SIZE = 200 << 20
ROOM = 100 << 10  # KiB above what a small capture takes


def in_zstd(head, size, tail):
    """RFC 8878: raw blocks at both ends, and between them blocks of one byte repeated."""
    def zstd_block(kind, length, data, is_last=False):
        return struct.pack('<I', length << 3 | kind << 1 | is_last)[:3] + data
    out = b'\x28\xb5\x2f\xfd\x00\x50' + zstd_block(0, len(head), head)  # window of 1 MiB
    out += zstd_block(1, 128 << 10, b'\0') * (size // (128 << 10))
    return out + zstd_block(0, len(tail), tail, True)


def in_gzip(head, size, tail):
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(head) + b''.join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + \
        packer.compress(tail) + packer.flush()


def in_xz(head, size, tail):
    packer = lzma.LZMACompressor(preset=0)
    return packer.compress(head) + b''.join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + \
        packer.compress(tail) + packer.flush()


def run_and_weigh(auditor, data):
    """Report, or None, what was said, and the most memory it took, in KiB."""
    path = auditor.tmp / 'bomb'
    path.write_bytes(data)
    with open(auditor.tmp / 'report', 'w+b') as out, open(auditor.tmp / 'said', 'w+b') as said:
        child = subprocess.Popen([auditor.program, 'audit', '-s', SITE, '-f', 'json', '--flows=all', path], cwd=ROOT,
                                 stdout=out, stderr=said)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said.seek(0)
        text = out.read()
        return (json.loads(text) if text else None), said.read().decode(), usage.ru_maxrss


def check_bombs(auditor):
    """A block of 200 MiB that nobody reads costs time, not memory, and hides nothing behind it."""
    capture = frames.read(ROOT / 'pcaps' / 'undocumented.pcap')
    whole, _, small = run_and_weigh(auditor, frames.write_pcapng(capture))
    plain = frames.write_pcapng(capture)
    size = struct.pack('<I', BOMB_SIZE + 12)
    at = 28  # behind the section header
    for pack in (in_gzip, in_xz, in_zstd):
        data = pack(plain[:at] + struct.pack('<I', 0xbad) + size, BOMB_SIZE, size + plain[at:])
        assert len(data) < BOMB_SIZE // 100, (pack.__name__, len(data))
        report, said, most = run_and_weigh(auditor, data)
        assert report and report['flows'] == whole['flows'] and not report['inputs'][0]['error'], (pack.__name__, said)
        assert most < small + ROOM, (pack.__name__, small, most)
    # A packet that long is no packet, and interfaces without end are not held.
    report, said, most = run_and_weigh(auditor, in_gzip(plain[:at] + struct.pack('<I', 6) + size, BOMB_SIZE, size))
    assert report is not None and 'more than 16777216' in said and most < small + ROOM, (said, most)
    names = frames.interface(frames.ETHERNET, 0, text(2, 'x' * 200)) * 70000
    report, said, most = run_and_weigh(auditor, in_gzip(plain[:at] + names, 0, b''))
    assert 'more than 65536 interfaces' in said and most < small + ROOM, (said, most)
    entry = report['inputs'][0]
    assert len(entry['interfaces']) == 256 and entry['interfaces_not_listed'] == 65536 - 256, entry['error']


def main():
    program, checks = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    with tempfile.TemporaryDirectory() as tmp:
        for check in checks or [name[6:] for name in globals() if name.startswith('check_')]:
            globals()['check_' + check](Auditor(program, pathlib.Path(tmp)))
            print('ok', check)


if __name__ == '__main__':
    main()
