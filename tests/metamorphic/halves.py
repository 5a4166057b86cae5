#!/usr/bin/env python3
"""What one direction alone shows is never more than both did.

    halves.py PCAUDIT [CASE...]

Every golden case is audited as it is, then twice in part: only the packets that openers sent, and
only those that responders sent, as a mirror port shows them that was set up for one direction. What
half of the traffic proves, the whole proved: no finding of violation or of something blocked may be
new, no flow may be judged otherwise than before, except that it is not judged any more.

A refusal is what responders, and those between, say. Where only openers are seen, one who was
refused or rejected is one who had no answer, and a stream that was closed with an error in clear is
one of the protocol that its rule names. MAY_BECOME says so; there is nothing else in it.

An ICMP error belongs to the direction it travels in, against the packet it quotes. Fragments other
than the first have no ports; they go with the first one of their datagram.
"""
import pathlib
import sys
import tempfile

import captures
import packets
import reports

CERTAIN = ('compliant', 'violation', 'blocked')
# From kind to verdict and kind of the same flow, by the same rule, seen from its opener alone.
MAY_BECOME = {'refused': ('blocked', 'unanswered'), 'rejected': ('blocked', 'unanswered'),
              'handshake-refused': ('compliant', None)}


def key_of(packet):
    ports = packet.ports if packet.has_ports else (None, None)
    return (str(packet.src), ports[0]), (str(packet.dst), ports[1])


def senders(frames):
    """Both ends of each frame's flow, the sender first; None if it belongs to no flow."""
    firsts = {}
    for frame in frames:
        packet = packets.packet_of(frame)
        if packet is None:
            yield None
            continue
        quote = packets.quotation(packet)
        if quote is not None:
            yield key_of(quote)[::-1]
            continue
        datagram = packet.src, packet.dst, packet.ident
        if packet.more and packet.offset == 0:
            firsts[datagram] = key_of(packet)
        yield firsts.get(datagram, key_of(packet)) if packet.offset else key_of(packet)


def openers(report):
    """The opening end of every flow, and of each the other."""
    return {((flow['src']['ip'], flow['src']['port']), (flow['dst']['ip'], flow['dst']['port']))
            for flow in report['flows']}


def name_flow(flow):
    """A flow by its ends, in no order: who opened it may be less well known."""
    return ' '.join(sorted([reports.endpoint(flow['src']), reports.endpoint(flow['dst'])])) + ' ' + flow['transport']


def judgements(flow, is_opener):
    """What the flow was judged, and what its half may be."""
    kinds = {(flow['verdict'], flow['kind'])}
    if is_opener and not (flow['kind'] == 'handshake-refused' and flow['security'] in ('tls', 'mtls')):
        kinds |= {MAY_BECOME[kind] for _, kind in list(kinds) if kind in MAY_BECOME}
    return {(verdict, kind, flow['rule']) for verdict, kind in kinds}


def key_of_finding(finding, kind):
    return (kind, finding['rule'], finding['transport'],
            frozenset([tuple(finding['initiator']['roles']), tuple(finding['responder']['roles'])]))


def complaints(base, seen, is_opener):
    """What the half says that the whole did not."""
    known = set()
    for finding in base['findings']:
        known.add(key_of_finding(finding, finding['kind']))
        if is_opener and finding['kind'] in MAY_BECOME:
            known.add(key_of_finding(finding, MAY_BECOME[finding['kind']][1]))
    for finding in seen['findings']:
        if finding['kind'] not in ('missing', 'note') and key_of_finding(finding, finding['kind']) not in known:
            yield f"finding {finding['kind']} {finding['rule']} is new: {finding['why']}"
    before = {}
    for flow in base['flows']:
        before.setdefault(name_flow(flow), set()).update(judgements(flow, is_opener))
    for flow in seen['flows']:
        was = before.get(name_flow(flow))
        if was is None:
            yield f'flow {name_flow(flow)} is new'
        elif flow['verdict'] in CERTAIN and (flow['verdict'], flow['kind'], flow['rule']) not in was:
            yield (f"flow {name_flow(flow)} is {flow['verdict']} {flow['kind']} {flow['rule']}, "
                   f'of the whole {sorted(map(str, was))}')


def main(argv):
    if len(argv) < 2:
        print(__doc__, end='')
        return 2
    wrong = runs = certain = 0
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / 'half.pcap'
        for case in reports.cases():
            if argv[2:] and case.name not in argv[2:]:
                continue
            frames = captures.read(case.capture)
            base = reports.audit(argv[1], case.options, [case.capture])
            opened = openers(base)
            ends = list(senders(frames))
            for half, is_opener in (('openers', True), ('responders', False)):
                kept = [frame for frame, end in zip(frames, ends) if end and (end in opened) == is_opener]
                if not kept:
                    continue
                path.write_bytes(captures.pcap(kept))
                seen = reports.audit(argv[1], case.options, [path])
                runs += 1
                certain += sum(flow['verdict'] in CERTAIN for flow in seen['flows'])
                for line in complaints(base, seen, is_opener):
                    wrong += 1
                    print(f'{case.name}, {half} alone: {line}')
    print(f'{runs} halves, {certain} flows judged all the same, {wrong} wrong')
    return 1 if wrong or not certain else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
