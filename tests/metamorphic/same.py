#!/usr/bin/env python3
"""Does it matter how traffic was captured? It must not.

    same.py PCAUDIT GROUP [CASE...]

Every golden case is audited as it is and again after a transformation that leaves the traffic what
it was: in another file format, packed, in seven files, behind tags and in tunnels, captured twice,
out of order, between the same hosts by another name. Everything in the report must be the same, but
for what the transformation's row in TRANSFORMATIONS states, value by value: findings and their ids,
verdicts, rules, coverage, counts and times of every flow, facts.

Rows are in groups, one test each, so that they run side by side. See halves.py and ports.py for
what is not the same traffic any more, and tests/cuts/starts.c for captures that begin late.
"""
import dataclasses
import ipaddress
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import captures
import packets
import reports

# ---- What a transformation may change ----------------------------------------------------------------

PACKED = ['inputs/*/name', 'inputs/*/size', 'inputs/*/packing']
# Our files have one interface for each link type, and no words.
WRITTEN = ['inputs/*/name', 'inputs/*/size', 'inputs/*/format', 'inputs/*/comments', 'inputs/*/secrets', 'inputs/*/interfaces',
           'inputs/*/interfaces/*']
FRAMED = WRITTEN + ['inputs/*/bytes', 'inputs/*/link_types/*']
TAGGED = FRAMED + ['flows/*/vlan', 'flows/*/vlan/*']
TUNNELED = FRAMED + ['flows/*/tunnel', 'flows/*/tunnel/*', 'findings/*/examples/*/tunnel',
                     'findings/*/examples/*/tunnel/*']
# Where there is no Ethernet inside, there is no place for the tags that were there.
BARE = TUNNELED + ['flows/*/vlan', 'flows/*/vlan/*']
SPLIT = ['inputs/*']
# What is equal otherwise goes by first packet: by file, then by number.
DEALT = SPLIT + ['order of findings']
# Each packet is received twice, what is no packet of a flow is counted twice.
DOUBLED = FRAMED + ['inputs/*/packets', 'inputs/*/last', 'capture/received', 'capture/duplicate', 'capture/other',
                    'capture/last']
# The header of IPv6 is 20 bytes longer than IPv4's.
MAPPED = FRAMED + ['flows/*/bytes/*', 'summary/out_of_scope/*/bytes']
# The site is another file; a finding's id, and with it its place, holds the prefix that the site
# writes; ICMP has other words for the same, a filter other names.
TRANSLATED = MAPPED + ['site/file', 'site/sha256', 'findings/*/id', 'order of findings', 'findings/*/wireshark',
                       'flows/*/community_id', 'findings/rejected *//observed/value', 'findings/rejected *//why']


# ---- Files -------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Written:
    """What a transformation made."""
    files: list            # of (name, bytes), in the order they are given to pcaudit
    numbers: dict = None   # from a packet's number to the flow id that it now gives; None: the same
    site: str = None       # of a site file, if it is another


def one(data, numbers=None):
    return Written([('capture', data)], numbers)


def each(change):
    """Frame by frame."""
    return lambda case, frames: one(captures.pcap([change(frame) for frame in frames]))


def inside(wrap):
    """An Ethernet frame made around each frame."""
    return each(lambda frame: frame.with_data(wrap(frame), captures.ETHERNET))


def as_pcap(endian, unit_ns):
    return lambda case, frames: one(captures.pcap(frames, endian, unit_ns))


def as_pcapng(endian, digits):
    return lambda case, frames: one(captures.pcapng(frames, endian, digits))


def with_interfaces(case, frames):
    """Three interfaces in turn: raw IP, Ethernet, and as it was."""
    def change(i, frame):
        layer = packets.split_link(frame)
        is_ip = layer.ethertype in (packets.IPV4, packets.IPV6)
        if i % 3 == 0 and is_ip and not packets.is_tagged(frame):
            return frame.with_data(layer.body, captures.RAW)
        return frame.with_data(packets.ethernet(frame), captures.ETHERNET) if i % 3 == 1 else frame
    return one(captures.pcapng([change(i, frame) for i, frame in enumerate(frames)]))


def packed(*command):
    """The capture itself, as a command packs it."""
    return lambda case, frames: one(subprocess.run([*command, case.capture], check=True, capture_output=True).stdout)


def split(choose):
    """Seven files; choose says from a frame's place and how many there are into which it goes."""
    def change(case, frames):
        parts, numbers = [[] for _ in range(7)], {}
        for i, frame in enumerate(frames):
            part = choose(i, len(frames))
            parts[part].append(frame)
            numbers[frame.number] = f'{part + 1}:{len(parts[part])}'
        return Written([(f'part-{i}', captures.pcap(part)) for i, part in enumerate(parts)], numbers)
    return change


# ---- Order and copies --------------------------------------------------------------------------------


def doubled(copy):
    """Each frame again 20 us later, as a second mirror port shows it."""
    def change(case, frames):
        both = [(frame.time_ns, 0, frame) for frame in frames]
        both += [(frame.time_ns + 20000, 1, copy(frame)) for frame in frames]
        both.sort(key=lambda row: row[:2])
        numbers = {frame.number: f'1:{i}' for i, (_, is_copy, frame) in enumerate(both, 1) if not is_copy}
        return one(captures.pcap([frame.at(time_ns) for time_ns, _, frame in both]), numbers)
    return change


def routed(frame):
    """The frame behind a router."""
    packet = packets.packet_of(frame)
    return packets.with_packet(frame, dataclasses.replace(packet, ttl=packet.ttl - 1)) if packet else frame


def shuffled(case, frames):
    """Each frame keeps its time, and no two change places that are 100 ms apart."""
    dice = random.Random(case.name)
    mixed = sorted(frames, key=lambda frame: frame.time_ns + dice.random() * 10**8)
    return one(captures.pcap(mixed), {frame.number: f'1:{i}' for i, frame in enumerate(mixed, 1)})


# ---- Addresses ---------------------------------------------------------------------------------------

MAPPED_PREFIX = int(ipaddress.ip_address('::ffff:0:0'))
SITE_PREFIX = int(ipaddress.ip_address('2001:db8:64::'))
IPV4_TEXT = re.compile(r'(?<![\d.])(\d+\.\d+\.\d+\.\d+)(?:/(\d+))?(?![\d.])')


def map_address(address):
    """IPv4 as RFC 4291 section 2.5.5.2 writes it."""
    return ipaddress.IPv6Address(MAPPED_PREFIX | int(address))


def is_movable(packet):
    """ICMP and IGMP of IPv4 have no place behind IPv6."""
    return packet is not None and packet.version == 4 and packet.protocol not in (packets.ICMP, 2)


def mapped(frame):
    packet = packets.packet_of(frame)
    if not is_movable(packet):
        return frame
    return packets.with_packet(frame, packets.with_ends(packet, map_address(packet.src), map_address(packet.dst)))


def mapped_one_way(frame):
    """Only the direction towards the higher address."""
    packet = packets.packet_of(frame)
    return mapped(frame) if packet and packet.src < packet.dst else frame


def site_address(address):
    """The host's IPv6 address. Nobody and everybody are the same to both versions."""
    if address.version == 6 or int(address) == 0:
        return ipaddress.IPv6Address(int(address))
    if address.is_multicast or int(address) == 0xffffffff:
        return ipaddress.ip_address('ff02::1')
    return ipaddress.IPv6Address(SITE_PREFIX | int(address))


def translate_packet(packet):
    ends = site_address(packet.src), site_address(packet.dst)
    quote = packets.quotation(packet) if packet.protocol == packets.ICMP else None
    if quote:
        return packets.to_icmpv6(packet, *ends, translate_packet(quote))
    return packets.with_ends(packet, *ends) if is_movable(packet) else packet


def translate_text(text, quote=''):
    def change(match):
        length = '' if match[2] is None else f'/{int(match[2]) + 96}'
        return f'{quote}{site_address(ipaddress.ip_address(match[1]))}{length}{quote}'
    return IPV4_TEXT.sub(change, text)


def translated(case, frames):
    def change(frame):
        packet = packets.packet_of(frame)
        return packets.with_packet(frame, translate_packet(packet)) if packet else frame
    written = one(captures.pcap([change(frame) for frame in frames]))
    written.site = translate_text(case.site.read_text(), '"') if case.site else None
    return written


def name_without_id(finding):
    """A finding by what it says, where its id is another."""
    words = [finding['kind'], finding['rule'], finding['note'], finding['transport'], *finding['initiator']['roles'],
             '>', *finding['responder']['roles'], finding['responder']['prefix'], finding['ports']]
    return ' '.join(str(word) for word in words if word) + '/'


def translate_table(table):
    """What is said of the same traffic between the translated hosts; payloads were not rewritten."""
    return {translate_text(path): translate_text(value) if isinstance(value, str) and '/facts/' not in path else value
            for path, value in table.items()}


# ---- The table ---------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Transformation:
    group: str
    name: str
    change: callable
    may_differ: list
    is_translation: bool = False


TRANSFORMATIONS = [Transformation(*row) for row in (
    ('files', 'pcap', as_pcap('<', 1), WRITTEN),
    ('files', 'pcap, big endian', as_pcap('>', 1), WRITTEN),
    ('files', 'pcapng', as_pcapng('<', 9), WRITTEN),
    ('files', 'pcapng, big endian', as_pcapng('>', 9), WRITTEN),
    ('files', 'pcapng, three interfaces', with_interfaces, FRAMED),
    ('packed', 'gzip', packed('gzip', '-c'), PACKED),
    ('packed', 'zstd', packed('zstd', '-qc'), PACKED),
    ('packed', 'lz4', packed('lz4', '-qc'), PACKED),
    ('packed', 'xz', packed('xz', '-c'), PACKED),
    ('packed', 'seven files', split(lambda i, n: i * 7 // n), SPLIT),
    ('tags', 'VLAN', each(lambda frame: packets.tag(frame, (0x8100, 10))), TAGGED),
    ('tags', 'QinQ', each(lambda frame: packets.tag(frame, (0x88a8, 30), (0x8100, 10))), TAGGED),
    ('tags', 'VLAN by direction', each(lambda frame: packets.tag(frame, (0x8100, packets.direction(frame) + 10))),
     TAGGED),
    ('tags', 'MPLS', inside(packets.mpls), BARE),
    ('tags', 'PPPoE', inside(packets.pppoe), BARE),
    ('tunnels', 'GRE', inside(packets.gre), TUNNELED),
    ('tunnels', 'GRE without Ethernet', inside(packets.gre_ip), BARE),
    ('tunnels', 'IP in IP', inside(packets.ip_in_ip), BARE),
    ('tunnels', 'ERSPAN II', inside(packets.erspan_2), TUNNELED),
    ('tunnels', 'ERSPAN III', inside(packets.erspan_3), TUNNELED),
    ('tunnels', 'VXLAN', inside(packets.vxlan), TUNNELED),
    ('tunnels', 'GENEVE', inside(packets.geneve), TUNNELED),
    ('doubled', 'doubled by a router', doubled(routed), DOUBLED),
    ('doubled', 'doubled in another VLAN', doubled(lambda frame: packets.tag(frame, (0x8100, 20))), DOUBLED),
    ('order', 'seven files, dealt', split(lambda i, n: i % 7), DEALT),
    ('order', 'shuffled within 100 ms', shuffled, WRITTEN),
    ('addresses', 'mapped into IPv6', each(mapped), MAPPED),
    ('addresses', 'mapped one way', each(mapped_one_way), MAPPED),
    ('addresses', 'translated to IPv6', translated, TRANSLATED, True),
)]


def compare(pcaudit, transformation, case, base, folder):
    written = transformation.change(case, captures.read(case.capture))
    files = []
    for name, data in written.files:
        files.append(folder / name)
        files[-1].write_bytes(data)
    options = case.options
    if written.site:
        (folder / 'site.yaml').write_text(written.site)
        options = case.options_with_site(folder / 'site.yaml')
    seen = reports.audit(pcaudit, captures.options_with_keys(options, case.capture, folder), files)
    name = name_without_id if transformation.is_translation else reports.finding_id
    wanted = reports.table_of(base, written.numbers, name)
    if transformation.is_translation:
        wanted = translate_table(wanted)
    return reports.differences(wanted, reports.table_of(seen, None, name), transformation.may_differ)


def main(argv):
    rows = [row for row in TRANSFORMATIONS if len(argv) > 2 and row.group == argv[2]]
    if not rows:
        print(__doc__, end='')
        return 2
    wrong = 0
    cases = [case for case in reports.cases() if case.name in argv[3:] or not argv[3:]]
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            base = reports.audit(argv[1], case.options, [case.capture])
            for row in rows:
                try:
                    lines = compare(argv[1], row, case, base, pathlib.Path(folder))
                except (RuntimeError, ValueError) as error:
                    lines = [str(error)]
                wrong += bool(lines)
                for line in lines[:40]:
                    print(f'{case.name}, {row.name}: {line}')
    print(f'{len(cases)} captures, {len(rows)} transformations, {wrong} differ')
    return 1 if wrong or not cases else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
