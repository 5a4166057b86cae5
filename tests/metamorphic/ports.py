#!/usr/bin/env python3
"""Does a protocol's name come from its port? It must not.

    ports.py PCAUDIT

Every conversation of pcaps/, and those of sessions.py, is moved: its responder answers on a port of
each family of rules in turn, then on 40000, of which no document speaks. Name, protection, detector
and everything that was read from the bytes must stay what they were on the conversation's own port,
what stands behind a STARTTLS included. Verdicts change, as they must, and are not looked at.

Media is never on a port below 1024: there detect/rtp.c does not look for it, so it stays where it
is when others move there, and so does what is too little to tell it from media.
"""
import dataclasses
import ipaddress
import pathlib
import sys
import tempfile

import captures
import packets
import reports
import sessions

# One port of each family in the pack; 53 is of none, but known to many programs.
PORTS = {'http': 80, 'dce-rpc': 135, 'https': 443, 'smb': 445, 'ssrp': 1434, 'stun': 3478, 'sip': 5061,
         'xmpp': 5269, 'file-transfer': 6891, 'psom': 8057, 'tds': 1433, 'dhcp': 67, 'dns': 53, 'rtp': 50000,
         'no family': 40000}
LOWEST_MEDIA_PORT = 1024
TRANSPORTS = {'tcp': packets.TCP, 'udp': packets.UDP}
SAME = ('protocol', 'security', 'detector', 'facts')


def responders(report, port):
    """Where each responder of a report has to move: (address, protocol, port) to port."""
    moves = {}
    for flow in report['flows']:
        is_media = flow['protocol'] in ('rtp', 'rtcp') or flow['facts'].get('maybe_media', False)
        if flow['transport'] not in TRANSPORTS or is_media and port < LOWEST_MEDIA_PORT:
            continue
        end = ipaddress.ip_address(flow['dst']['ip']), TRANSPORTS[flow['transport']], flow['dst']['port']
        moves[end] = port
    return moves


def move_packet(packet, moves):
    quote = packets.quotation(packet)
    if quote is not None:
        return packets.with_quotation(packet, move_packet(quote, moves))
    if not packet.has_ports:
        return packet
    src, dst = packet.ports
    return packets.with_ports(packet, moves.get((packet.src, packet.protocol, src), src),
                              moves.get((packet.dst, packet.protocol, dst), dst))


def move_frame(frame, moves):
    packet = packets.packet_of(frame)
    return packets.with_packet(frame, move_packet(packet, moves)) if packet else frame


def name_flow(flow, moves=None):
    """A flow by its ends, in no order; moves says where its ends are now."""
    ends = []
    for end in (flow['src'], flow['dst']):
        at = ipaddress.ip_address(end['ip']), TRANSPORTS.get(flow['transport']), end['port']
        ends.append(f"{end['ip']} {(moves or {}).get(at, end['port'])}")
    return f"{' '.join(sorted(ends))} {flow['transport']}"


def complaints(base, seen, moves):
    now = reports.keyed(seen['flows'], name_flow)
    before = reports.keyed(base['flows'], lambda flow: name_flow(flow, moves))
    for name, flow in before.items():
        moved = now.get(name)
        if moved is None:
            yield f'{name} is not there'
            continue
        for key in SAME:
            if moved[key] != flow[key]:
                yield f'{name}: {key} was {flow[key]}, is {moved[key]}'
    if len(now) != len(before):
        yield f'{len(before)} flows became {len(now)}'


def check_session(session, base):
    flow, = base['flows']
    if flow['protocol'] != session.protocol:
        yield f"is {flow['protocol']} by {flow['detector']}, not {session.protocol}"


def conversations(folder):
    """Everything that is moved: name, frames, capture, and the session if it was made by hand."""
    for path in sorted((reports.ROOT / 'pcaps').glob('*.pcap*')):
        yield path.name, captures.read(path), path, None
    for session in sessions.SESSIONS:
        frames = sessions.frames_of(session)
        path = folder / 'session.pcap'
        path.write_bytes(captures.pcap(frames))
        yield session.name, frames, path, session


def main(argv):
    if len(argv) != 2:
        print(__doc__, end='')
        return 2
    options = ['-s', 'rules/contoso.yaml', '-f', 'json']
    wrong, protocols = 0, set()
    with tempfile.TemporaryDirectory() as folder:
        moved_path = pathlib.Path(folder) / 'moved.pcap'
        for name, frames, path, session in conversations(pathlib.Path(folder)):
            base = reports.audit(argv[1], options, [path])
            lines = list(check_session(session, base)) if session else []
            protocols |= {flow['protocol'] for flow in base['flows']}
            for family, port in PORTS.items():
                moves = responders(base, port)
                moved_path.write_bytes(captures.pcap([move_frame(frame, moves) for frame in frames]))
                keyed = captures.options_with_keys(options, path, pathlib.Path(folder))
                seen = reports.audit(argv[1], keyed, [moved_path])
                lines += [f'on port {port} ({family}): {line}' for line in complaints(base, seen, moves)]
            wrong += len(lines)
            for line in lines:
                print(f'{name}: {line}')
    print(f"{len(PORTS)} ports, {wrong} wrong; protocols moved: {' '.join(sorted(protocols))}")
    return 1 if wrong or not protocols else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
