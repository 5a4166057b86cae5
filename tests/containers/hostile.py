#!/usr/bin/env python3
"""Hostile and poor captures: what is lost, doubled or contradicted never makes a flow look worse.

    hostile.py PCAUDIT CHECK...

Checks are the functions check_NAME() below, each with what it shows. Runs in the project's folder.
"""
import pathlib
import struct
import subprocess
import sys
import tempfile

import frames
import run
from frames import Frame

US, MS = 10**3, 10**6
START = 1772359200 * 10**9
SLL, SLL2 = 113, 276


def ip_at(frame):
    """Where the outermost IP header of the frame begins, or None."""
    if frame.link == frames.RAW:
        return 0
    at = {frames.ETHERNET: 14, SLL: 16, SLL2: 20}[frame.link]
    kind_at = {frames.ETHERNET: 12, SLL: 14, SLL2: 0}[frame.link]
    kind = struct.unpack_from('>H', frame.data, kind_at)[0]
    while kind in (0x8100, 0x88a8):
        kind, at = struct.unpack_from('>H', frame.data, at + 2)[0], at + 4
    return at if kind in (0x0800, 0x86dd) else None


def changed(frame, at, data):
    return frame._replace(data=frame.data[:at] + data + frame.data[at + len(data):])


# ---- Every packet twice --------------------------------------------------------------------------


def routed(frame):
    """As the next hop sends it: TTL, DSCP and the header's checksum are other ones."""
    at = ip_at(frame)
    if at is None:
        return frame
    if frame.data[at] >> 4 == 6:
        return changed(frame, at + 7, bytes([frame.data[at + 7] - 1]))
    frame = changed(frame, at + 8, bytes([frame.data[at + 8] - 1]))
    return changed(changed(frame, at + 10, b'\x12\x34'), at + 1, b'\xb8')


def tagged(frame):
    if frame.link != frames.ETHERNET:
        return routed(frame)
    return frame._replace(data=frame.data[:12] + b'\x81\x00\x0f\xa1' + frame.data[12:], wire=frame.wire + 4)


def other_mac(frame):
    return changed(frame, 0, b'\x02\xff') if frame.link == frames.ETHERNET else routed(frame)


def in_vxlan(frame):
    if frame.link != frames.ETHERNET or frames.ip_of(frame) is None:
        return routed(frame)
    data = run.in_vxlan(frame)
    return frame._replace(data=data, wire=len(data))


def offloaded(frame):
    """Taken inside the sender, before its network card filled in the checksum."""
    at = ip_at(frame)
    if at is None or frame.data[at] != 0x45 or frame.data[at + 6] & 0x3f or frame.data[at + 7]:
        return frame
    where = {6: 16, 17: 6}.get(frame.data[at + 9])
    return changed(frame, at + 20 + where, b'\xbe\xef') if where else frame


DOUBLINGS = [(routed, 30 * US), (routed, 49 * MS), (tagged, 30 * US), (other_mac, 5 * MS), (in_vxlan, 30 * US),
             (offloaded, 30 * US), (lambda frame: frame, 0), (lambda frame: frame, 30 * US)]


def doubled(capture, change, delay_ns):
    """Frames in order of time, and the numbers that the first copies have now."""
    both = sorted([(frame.time_ns, 0, i, frame) for i, frame in enumerate(capture)] +
                  [(frame.time_ns + delay_ns, 1, i, change(frame)._replace(time_ns=frame.time_ns + delay_ns))
                   for i, frame in enumerate(capture)], key=lambda entry: entry[:3])
    numbers = {f'1:{i + 1}': f'1:{n + 1}' for n, (_, copy, i, _) in enumerate(both) if copy == 0}
    return [entry[3] for entry in both], numbers


def bare(findings):
    return [{key: value for key, value in finding.items() if key not in ('examples', 'wireshark')} for finding in findings]


def check_doubles(auditor):
    """Each packet twice, in eight ways: the same flows, packets and findings, and every copy counted."""
    for path in run.CAPTURES:
        capture = sorted(frames.read(path), key=lambda frame: frame.time_ns)
        whole = auditor.report(frames.write_pcapng(capture))
        for change, delay_ns in DOUBLINGS:
            where = (path.name, change.__name__, delay_ns)
            twice, numbers = doubled(capture, change, delay_ns)
            report = auditor.report(frames.write_pcapng(twice))
            count, before = report['capture'], whole['capture']
            run.same(count, before, ('flows', 'fragments_held', 'short', 'invalid', 'unsupported', 'lost_bytes', 'fragments'), where)
            assert count['duplicate'] + count['other'] - before['other'] == len(capture), (where, count)
            assert count['duplicate'] >= before['flows'] + before['fragments_held'], (where, count)
            assert count['doubles_forgotten'] == 0, (where, count)
            run.same(report['summary'], whole['summary'], ('verdict', 'flows', 'findings_by_kind', 'unjudged_by_reason'), where)
            assert bare(report['findings']) == bare(whole['findings']), where
            for flow, alone in zip(report['flows'], whole['flows'], strict=True):
                assert flow | {'id': None} == alone | {'id': None}, (where, flow, alone)
                assert flow['id'] == numbers[alone['id']], (where, flow['id'], alone['id'])


def check_two_taps(auditor):
    """Two files of one traffic, whose clocks differ by 20 ms: one capture's flows, the other's doubles."""
    capture = frames.read(run.ROOT / 'pcaps/fed-sip-mtls.pcap')
    whole = auditor.report(frames.write_pcap(capture))
    first = auditor.tmp / 'first.pcap'
    first.write_bytes(frames.write_pcap(capture))
    report = auditor.report(frames.write_pcap([frame._replace(time_ns=frame.time_ns + 20 * MS) for frame in capture]),
                            run.SITE, str(first))
    assert report['capture']['duplicate'] == whole['capture']['flows'] == report['capture']['flows'], report['capture']
    assert report['flows'] == whole['flows'] and report['findings'] == whole['findings']


# ---- Two packets: is the second a double? --------------------------------------------------------

CLIENT, SERVER = '10.0.9.1', '10.0.2.20'
DNS = b'\x12\x34\x01\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1'


def ipv4(payload, protocol=17, ident=0x1234, ttl=64, flags=0x4000, src=CLIENT, dst=SERVER):
    packet = bytearray(frames.ipv4(src, dst, protocol, payload))
    struct.pack_into('>HHB', packet, 4, ident, flags, ttl)
    return bytes(packet)


def ether(ip, tags=(), mac=b'\x02\0\0\0\0\x01'):
    head = bytes(6) + mac + b''.join(struct.pack('>HH', 0x8100, tag) for tag in tags)
    return head + struct.pack('>H', frames.ether_type(ip)) + ip


def tcp(payload, seq=1000, ack=0, flags=0x18, src_port=50000, dst_port=5061):
    return struct.pack('>HHIIBBHHH', src_port, dst_port, seq, ack, 0x50, flags, 64240, 0, 0) + payload


QUERY = frames.udp(50000, 53, DNS)
LONG = frames.udp(50000, 5060, bytes(range(256)) * 3)
SEGMENT = tcp(b'x' * 100)
IPV6 = frames.ipv6('2001:db8::1', '2001:db8::2', 17, QUERY)
ERROR = struct.pack('>BBHI', 3, 1, 0, 0) + ipv4(QUERY, src=SERVER, dst=CLIENT)


def hop_limit(ip, value):
    return ip[:7] + bytes([value]) + ip[8:]


def vxlan(inner):
    return ether(frames.ipv4('10.0.2.30', '10.0.2.40', 17, frames.udp(49152, 4789, struct.pack('>II', 8 << 24, 77 << 8) + inner)))


# First frame, second frame, how much later in us, and whether that is a double.
PAIRS = {
    'same place, 0.9 ms': (ether(ipv4(QUERY)), ether(ipv4(QUERY)), 900, True),
    'same place, 1.1 ms': (ether(ipv4(QUERY)), ether(ipv4(QUERY)), 1100, False),
    'same place, 0.9 ms before': (ether(ipv4(QUERY)), ether(ipv4(QUERY)), -900, True),
    'other TTL, 50 ms': (ether(ipv4(QUERY)), ether(ipv4(QUERY, ttl=63)), 50000, True),
    'other TTL, 51 ms': (ether(ipv4(QUERY)), ether(ipv4(QUERY, ttl=63)), 51000, False),
    'other TTL, 49 ms before': (ether(ipv4(QUERY)), ether(ipv4(QUERY, ttl=63)), -49000, True),
    'other TTL, 51 ms before': (ether(ipv4(QUERY)), ether(ipv4(QUERY, ttl=63)), -51000, False),
    'tag': (ether(ipv4(QUERY)), ether(ipv4(QUERY), [7]), 49000, True),
    'other tag': (ether(ipv4(QUERY), [7]), ether(ipv4(QUERY), [8]), 49000, True),
    'inner tag': (ether(ipv4(QUERY), [7]), ether(ipv4(QUERY), [7, 8]), 49000, True),
    'other MAC': (ether(ipv4(QUERY)), ether(ipv4(QUERY), mac=b'\x02\0\0\0\0\x02'), 49000, True),
    'in VXLAN': (ether(ipv4(QUERY)), vxlan(ether(ipv4(QUERY))), 49000, True),
    'out of VXLAN': (vxlan(ether(ipv4(QUERY))), ether(ipv4(QUERY)), 49000, True),
    'other IP ID': (ether(ipv4(QUERY)), ether(ipv4(QUERY, ident=0x1235)), 0, False),
    'other flags': (ether(ipv4(QUERY)), ether(ipv4(QUERY, flags=0)), 0, False),
    'other source': (ether(ipv4(QUERY)), ether(ipv4(QUERY, src='10.0.9.2')), 0, False),  # as NAT has it
    'last byte': (ether(ipv4(LONG)), ether(ipv4(LONG[:-1] + b'!', ttl=63)), 0, False),
    'middle byte': (ether(ipv4(LONG)), ether(ipv4(LONG[:300] + b'!' + LONG[301:], ttl=63)), 0, False),
    'first byte': (ether(ipv4(LONG)), ether(ipv4(LONG[:8] + b'!' + LONG[9:], ttl=63)), 0, False),
    'checksum of UDP': (ether(ipv4(LONG)), ether(ipv4(LONG[:6] + b'!!' + LONG[8:], ttl=63)), 0, True),
    'segment': (ether(ipv4(SEGMENT, 6)), ether(ipv4(SEGMENT, 6, ttl=63)), 30, True),
    'segment sent again': (ether(ipv4(SEGMENT, 6)), ether(ipv4(SEGMENT, 6, ident=0x1235)), 30, False),
    'other number': (ether(ipv4(SEGMENT, 6)), ether(ipv4(tcp(b'x' * 100, seq=1001), 6, ttl=63)), 30, False),
    'other acknowledgement': (ether(ipv4(SEGMENT, 6)), ether(ipv4(tcp(b'x' * 100, ack=1), 6, ttl=63)), 30, False),
    'other TCP flags': (ether(ipv4(SEGMENT, 6)), ether(ipv4(tcp(b'x' * 100, flags=0x10), 6, ttl=63)), 30, False),
    'checksum of TCP': (ether(ipv4(SEGMENT, 6)), ether(ipv4(SEGMENT[:16] + b'!!' + SEGMENT[18:], 6, ttl=63)), 30, True),
    'urgent pointer': (ether(ipv4(SEGMENT, 6)), ether(ipv4(SEGMENT[:18] + b'!!' + SEGMENT[20:], 6, ttl=63)), 30, False),
    'IPv6': (ether(IPV6), ether(hop_limit(IPV6, 63)), 49000, True),
    'IPv6 late': (ether(IPV6), ether(hop_limit(IPV6, 63)), 51000, False),
    'IPv6 same place': (ether(IPV6), ether(IPV6), 900, True),
    'IPv6 sent again': (ether(IPV6), ether(IPV6), 1100, False),
    'IPv6 last byte': (ether(IPV6), ether(IPV6[:-1] + b'\3'), 0, False),
    'ICMP error': (ether(ipv4(ERROR, 1)), ether(ipv4(ERROR, 1, ttl=63)), 30, True),
    'other ICMP error': (ether(ipv4(ERROR, 1)), ether(ipv4(b'\3\2' + ERROR[2:], 1, ttl=63)), 30, False),
    'fragment': (ether(ipv4(LONG[:400], flags=0x2000)), ether(ipv4(LONG[:400], flags=0x2000, ttl=63)), 30, True),
    'fragment late': (ether(ipv4(LONG[:400], flags=0x2000)), ether(ipv4(LONG[:400], flags=0x2000, ttl=63)), 51000, False),
    'fragment same place': (ether(ipv4(LONG[:400], flags=0x2000)), ether(ipv4(LONG[:400], flags=0x2000)), 1100, False),
    'other fragment': (ether(ipv4(LONG[:400], flags=0x2000)), ether(ipv4(LONG[:400], flags=0x2032)), 30, False),
}


def check_pairs(auditor):
    """Literal pairs of packets: which second one is a double."""
    for name, (first, second, later_us, is_double) in PAIRS.items():
        capture = [Frame(START, frames.ETHERNET, len(first), first),
                   Frame(START + later_us * US, frames.ETHERNET, len(second), second)]
        count = auditor.report(frames.write_pcap(capture))['capture']
        assert count['duplicate'] == is_double and count['received'] == 2, (name, count)
    cut_pairs(auditor)
    # VLANs kept apart: a copy in another one is another flow's.
    capture = [Frame(START + i, frames.ETHERNET, 64, ether(ipv4(QUERY), [tag])) for i, tag in enumerate((7, 8, 7))]
    capture = [frame._replace(wire=len(frame.data)) for frame in capture]
    report = auditor.report(frames.write_pcap(capture, nanoseconds=True), run.SITE, '--separate-vlans')
    assert report['capture']['duplicate'] == 1 and len(report['flows']) == 2, report['capture']
    assert [flow['vlan'] for flow in report['flows']] == [[7], [8]]


def cut_pairs(auditor):
    """Cut by a snaplen of 128: what was captured is compared; cut elsewhere for a tag, its beginning."""
    one, other = ether(ipv4(LONG)), ether(ipv4(LONG[:85] + b'!' + LONG[86:], ttl=63))
    far = ether(ipv4(LONG[:-1] + b'!', ttl=63))
    tag = ether(ipv4(LONG, ttl=63), [7])
    early = ether(ipv4(LONG[:30] + b'!' + LONG[31:], ttl=63), [7])
    for name, second, is_double in (('inside', other, False), ('beyond', far, True), ('tag', tag, True), ('early', early, False)):
        capture = frames.cut([Frame(START + i * 30 * US, frames.ETHERNET, len(data), data)
                              for i, data in enumerate((one, second))], 128)
        count = auditor.report(frames.write_pcap(capture))['capture']
        assert count['duplicate'] == is_double, (name, count)


def check_flood(auditor):
    """More packets in a moment than are remembered: the oldest are forgotten, which is counted."""
    capture = []
    for i in range(20000):
        data = ether(ipv4(QUERY, ident=i))
        capture.append(Frame(START + i * US, frames.ETHERNET, len(data), data))
    report = auditor.report(frames.write_pcap(capture + [capture[0]._replace(time_ns=START + 20 * MS),
                                                         capture[-1]._replace(time_ns=START + 20 * MS)]))
    count = report['capture']
    assert count['duplicate'] == 1 and count['doubles_forgotten'] == 20002 - 8192, count
    same = [frame._replace(data=capture[0].data) for frame in capture]
    count = auditor.report(frames.write_pcap(same))['capture']
    assert count['duplicate'] == 19999 and count['flows'] == 1, count


# ---- Bytes that come twice with other content ----------------------------------------------------

# SIP in clear, as a gateway and a Mediation Server of the site may speak it.
GATEWAY, MEDIATION, MEDIATION_PORT = '10.0.3.5', '10.0.2.40', 5068
SIP = (b'OPTIONS sip:fe01.contoso.example SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.3.5\r\nFrom: <sip:a@contoso.example>;tag=1\r\n'
       b'To: <sip:b@contoso.example>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n')
ANSWER = SIP.replace(b'OPTIONS sip:fe01.contoso.example SIP/2.0', b'SIP/2.0 200 OK')


def conversation(segments):
    """TCP from the gateway's SYN on; segments are (side, seq offset, ack offset, bytes)."""
    ends = (GATEWAY, MEDIATION, 50000, MEDIATION_PORT), (MEDIATION, GATEWAY, MEDIATION_PORT, 50000)
    isn = 1000, 5000
    out = []

    def add(side, seq, ack, flags, payload=b''):
        src, dst, src_port, dst_port = ends[side]
        data = ether(ipv4(tcp(payload, seq, ack, flags, src_port, dst_port), 6, ident=len(out), src=src, dst=dst))
        out.append(Frame(START + len(out) * MS, frames.ETHERNET, len(data), data))

    add(0, isn[0], 0, 0x02)
    add(1, isn[1], isn[0] + 1, 0x12)
    for side, at, acked, payload in segments:
        add(side, isn[side] + 1 + at, isn[1 - side] + 1 + acked, 0x18 if payload else 0x10, payload)
    return out


def the_flow(auditor, capture):
    flows = auditor.report(frames.write_pcap(capture))['flows']
    assert len(flows) == 1, flows
    return flows[0]


def check_conflicts(auditor):
    """The first copy wins, the flow says so, and nobody vouches for what its receiver read."""
    n = len(SIP)
    answer = ANSWER
    plain = the_flow(auditor, conversation([(0, 0, 0, SIP), (1, 0, n, answer), (0, n, len(answer), b'')]))
    assert (plain['protocol'], plain['evidence']) == ('sip', 'confirmed') and 'tcp.conflict' not in plain['facts'], plain
    other = b'GET / HTTP/1.1\r\nHost: fe01.contoso.example\r\n\r\n'.ljust(n)
    disputed = {
        'delivered': [(0, 0, 0, SIP), (0, 0, 0, other), (1, 0, n, answer)],
        'a part': [(0, 0, 0, SIP), (0, 20, 0, other[20:30]), (1, 0, n, answer)],
        'waiting': [(0, 30, 0, SIP[30:]), (0, 30, 0, other[30:]), (0, 0, 0, SIP[:30]), (1, 0, n, answer)],
        'answer': [(0, 0, 0, SIP), (1, 0, n, answer), (1, 0, n, answer.replace(b'OK', b'No')), (0, n, len(answer), b'')],
    }
    for name, segments in disputed.items():
        flow = the_flow(auditor, conversation(segments))
        assert flow['facts'].get('tcp.conflict') is True, (name, flow)
        assert flow['protocol'] == 'sip' and flow['evidence'] != 'confirmed', (name, flow)
        assert (flow['verdict'], flow['reason']) == ('unjudged', 'conflict'), (name, flow)
    agreed = {
        'sent again': [(0, 0, 0, SIP), (0, 0, 0, SIP), (1, 0, n, answer)],
        'cut otherwise': [(0, 0, 0, SIP[:50]), (0, 10, 0, SIP[10:]), (1, 0, n, answer)],
        'after its acknowledgement': [(0, 0, 0, SIP), (1, 0, n, answer), (0, 0, 0, other)],
        'keep-alive': [(0, 0, 0, SIP), (1, 0, n, answer), (0, n, len(answer), b''), (0, n - 1, len(answer), b'\0')],
    }
    for name, segments in agreed.items():
        flow = the_flow(auditor, conversation(segments))
        assert 'tcp.conflict' not in flow['facts'], (name, flow)
        run.same(flow, plain, ('verdict', 'rule', 'protocol', 'evidence', 'reason'), name)


def check_conflict_is_explained(auditor):
    """The packet that contradicted is named."""
    (auditor.tmp / 'capture').write_bytes(frames.write_pcap(conversation([(0, 0, 0, SIP), (0, 0, 0, SIP.lower())])))
    done = subprocess.run([auditor.program, 'explain', '-s', run.SITE, '--flow', '1', auditor.tmp / 'capture'], cwd=run.ROOT,
                          capture_output=True, check=False, text=True)
    line = next(line for line in done.stdout.splitlines() if 'tcp.conflict' in line)
    assert '4' in line.split(), done.stdout


def check_fragment_conflicts(auditor):
    """Fragments that overlap with other content: the first copy is read, and the flow says so."""
    datagram, answer = frames.udp(50000, 5060, SIP), frames.udp(5060, 50000, ANSWER)
    first, rest = datagram[:80], datagram[80:]
    lie = bytes(reversed(rest))

    def piece(i, data, place, **ends):
        data = ether(ipv4(data, flags=place, **ends))
        return Frame(START + i * MS, frames.ETHERNET, len(data), data)

    answered = piece(3, answer, 0, src=SERVER, dst=CLIENT)
    honest = the_flow(auditor, [piece(0, first, 0x2000), piece(1, rest, 10), answered])
    assert (honest['protocol'], honest['evidence']) == ('sip', 'confirmed'), honest
    flow = the_flow(auditor, [piece(0, rest, 10), piece(1, lie, 10), piece(2, first, 0x2000), answered])
    assert flow['facts'].get('ip.fragments_overlap') is True and flow['protocol'] == 'sip', flow
    assert flow['evidence'] != 'confirmed' and flow['verdict'] in ('unjudged', 'violation'), flow
    run.same(flow, honest, ('src', 'dst', 'bytes'), 'fragments')


# ---- Poor captures -------------------------------------------------------------------------------


def ends(flow):
    return flow['transport'], frozenset((end['ip'], end['port']) for end in (flow['src'], flow['dst']))


def accusations(report):
    """What is said against each pair of ends."""
    said = {}
    for flow in report['flows']:
        if flow['verdict'] in ('violation', 'blocked'):
            said.setdefault(ends(flow), set()).add((flow['verdict'], flow['kind']))
    return said


def one_direction(capture, is_low):
    """What flows towards the higher address, or towards the lower."""
    out = []
    for frame in capture:
        at = ip_at(frame)
        if at is None:
            continue
        size = 4 if frame.data[at] >> 4 == 4 else 16
        start = at + (12 if size == 4 else 8)
        src, dst = frame.data[start:start + size], frame.data[start + size:start + 2 * size]
        if (src < dst) == is_low:
            out.append(frame)
    return out


def poor_versions(capture):
    n = len(capture)
    for is_low in (True, False):
        yield f'one direction, {is_low}', one_direction(capture, is_low)
    for i in sorted({1, 2, 3, 4, 5, 8, n // 4, n // 2, 3 * n // 4} & set(range(1, n))):
        yield f'from {i} on', capture[i:]
    for i in range(3):
        yield f'every third missing, {i}', [frame for k, frame in enumerate(capture) if k % 3 != i]


def reordered_versions(capture):
    """The same packets, in another order or at other times."""
    half = len(capture) // 2
    yield 'pairs swapped', [frame for i in range(0, len(capture), 2) for frame in reversed(capture[i:i + 2])]
    yield 'fours reversed', [frame for i in range(0, len(capture), 4) for frame in reversed(capture[i:i + 4])]
    for back_s in (1.5, 3, 100):
        yield f'{back_s} s back', capture[:half] + [frame._replace(time_ns=frame.time_ns - int(back_s * 10**9))
                                                     for frame in capture[half:]]
    yield 'each second back', [frame._replace(time_ns=frame.time_ns - i % 2 * 2 * 10**9) for i, frame in enumerate(capture)]


def compare(auditor, versions_of, allowed):
    compared = 0
    for path in run.CAPTURES:
        # Its first handshake shows no client certificate, its second one does: without the second,
        # the first is what there is, and it breaks the rule.
        if path.name == 'tls-again.pcap':
            continue
        capture = frames.read(path)
        whole = accusations(auditor.report(frames.write_pcapng(capture)))
        for name, version in versions_of(capture):
            if not version:
                continue
            for pair, said in accusations(auditor.report(frames.write_pcapng(version))).items():
                more = said - whole.get(pair, set()) - allowed(whole.get(pair, set()))
                assert not more, (path.name, name, pair, more, whole.get(pair))
            compared += 1
    assert compared > 100, compared


def check_poor(auditor):
    """One direction, a late start, every third packet missing: nothing is said that was not so."""
    def allowed(whole):
        kinds = set()
        # What refused it is not in the capture any more: it is still an attempt that had no answer.
        if whole & {('blocked', 'rejected'), ('blocked', 'refused')}:
            kinds.add(('blocked', 'unanswered'))
        # Without the opening, the rule that is nearest is one in the other direction.
        if ('violation', 'wrong-direction') in whole:
            kinds.add(('violation', 'wrong-port'))
        return kinds
    compare(auditor, poor_versions, allowed)


def check_reordered(auditor):
    """Packets in another order, times that go back: nothing is said that was not so."""
    # An ICMP error that comes before the packet it quotes is about no flow that is known.
    compare(auditor, reordered_versions,
            lambda whole: {('blocked', 'unanswered')} if ('blocked', 'rejected') in whole else set())


def main():
    program, checks = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    with tempfile.TemporaryDirectory() as tmp:
        for check in checks or [name[6:] for name in globals() if name.startswith('check_')]:
            globals()['check_' + check](run.Auditor(program, pathlib.Path(tmp)))
            print('ok', check)


if __name__ == '__main__':
    main()
