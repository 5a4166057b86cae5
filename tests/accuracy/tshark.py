"""Do we name the same protocols as tshark? tshark.py PCAUDIT [FOLDER]

Over pcaps/, and over FOLDER (../shared/captures beside the project) where it exists. Per flow, what
tshark names in any of its packets is held against our protocol; at most 5 % of the flows may differ, and
each difference stands in EXPLAINED with its first bytes. One that is not there fails, and so does one
that is there and is no longer true.

How tshark is asked: its heuristics come before its ports and those of RTP are on, so that both sides name
by content. Nothing is decoded as (-d) something by order: that would be our opinion twice. XMPP has no
heuristic; on 5222 tshark names it by port.

What is the same: our protocol is among tshark's names. Where we name what is beside or inside a TLS or STUN
that tshark names, it is the same if we know of that layer as well: XMPP that becomes TLS, SRTCP after STUN.
A name that we have no word for (Kerberos) differs only if we give the flow a word of ours. A flow that tshark
has no name for is no second opinion: it is listed apart (SILENT), and no more than 10 % may be so.
"""
import collections
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SITE = ROOT / 'rules' / 'contoso.yaml'
SHARED = ROOT.parent / 'shared' / 'captures'
ASK = ['tshark', '-n', '-o', 'tcp.try_heuristic_first:TRUE', '-o', 'udp.try_heuristic_first:TRUE',
       '--enable-heuristic', 'rtp_udp', '--enable-heuristic', 'rtp_stun']
FIELDS = ['ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'udp.srcport', 'udp.dstport',
          'frame.protocols', 'tcp.payload', 'udp.payload']
MAY_DIFFER, MAY_BE_SILENT, FIRST_BYTES = 0.05, 0.10, 12

# tshark's names for what we have a word for; ours for what tshark does not tell apart.
THEIRS = {'ssl': 'tls', 'classicstun': 'stun', 'srtp': 'rtp', 'srtcp': 'rtcp', 'smb2': 'smb', 'dcerpc': 'dce-rpc',
          'bootp': 'dhcp', 'http2': 'http', 'mdns': 'dns', 'llmnr': 'dns'}
OURS = {'turn': 'stun', 'msturn': 'stun', 'xmpp-server': 'xmpp', 'xmpp-client': 'xmpp'}
WORDS = {'sip', 'stun', 'rtp', 'rtcp', 'xmpp', 'http', 'tls', 'dtls', 'dce-rpc', 'smb', 'ssrp', 'tds', 'dhcp', 'dns', 'ssh',
         'rdp', 'psom', 'file-transfer'}
AROUND = {'tls', 'stun'}
NO_NAME = {'data', 'tcp', 'udp', 'tcp.segments', 'ip', 'ipv6'}

# Capture, flow, ours, tshark's, first bytes, why.
EXPLAINED = [
    ('rtp-fragments.pcap', '1:3', 'unknown', 'rtcp', '80c80006',
     'One sender report and nothing else. tshark is content with two bits, a type and a length; we want two packets.'),
    ('arkime__stun.pcap', '1:1', 'unknown', 'stun', '0001001845589a049d652314',
     'One request of RFC 3489, without the cookie, and no answer: all that tells it is a type of two bytes and a length.'),
    ('arkime__stun.pcap', '1:6', 'unknown', 'stun', '000100080000000000000000', 'The same.'),
    ('arkime__stun.pcap', '1:7', 'unknown', 'stun', '0001000802389232616b1a13', 'The same.'),
    ('ndpi__jabber.pcap', '1:175', 'unknown', 'xmpp', '3c2f73747265616d3a737472',
     'Joined in its middle: </stream:stream> and no more. tshark goes by port 5222.'),
    ('ndpi__jabber.pcap', '1:182', 'unknown', 'xmpp', '3c697120747970653d277365',
     'Joined in its middle: stanzas without the stream header that says which XMPP it is. tshark goes by port 5222.'),
    ('ndpi__jabber.pcap', '1:249', 'unknown', 'xmpp', '3c70726573656e636520746f', 'The same.'),
    ('ndpi__mssql_tds.pcap', '1:26', 'unknown', 'tds', '03041f400000010016000000',
     'Joined in its middle: one side, a request that goes on in segments without a header. tshark goes by port 1433.'),
    ('mstn_pseudotls_tcp443.pcap', '1:1', 'msturn', 'tls', '160301002d010000290301',
     "Microsoft's TURN on 443 opens with a hello that has the form of TLS and ends there; tshark does not know it."),
]
# The same, where tshark has no name at all.
SILENT = [
    ('srtp-media.pcap', '1:3', 'rtcp', '80c80006',
     'SRTCP: behind the report stand index and tag, so the length does not end where tshark wants it to.'),
    ('wrong-protocol.pcapng', '1:15', 'ssh', '5353482d322e302d4f70656e',
     'SSH-2.0-Open on 5068. tshark knows SSH by port 22 only.'),
    ('wrong-security.pcapng', '1:69', 'xmpp-server', '3c3f786d6c',
     '<?xml and a stream header on 23456. tshark knows XMPP by port 5222 only.'),
    ('xmpp-refused.pcap', '1:3', 'xmpp-server', '3c3f786d6c', 'The same on 5269.'),
    ('rtp_rfc4571_tcp50010.pcap', '1:1', 'rtp', '005c8072',
     'Media framed as RFC 4571 says. tshark knows it where SDP announced it.'),
    ('ssrp_udp1434.pcap', '1:1', 'ssrp', '03', 'SQL Server Browser: tshark has no dissector of it.'),
    ('ssrp_udp1434.pcap', '1:3', 'ssrp', '04', 'The same.'),
    ('ssrp_udp1434.pcap', '1:5', 'ssrp', '02', 'The same.'),
    ('ssrp_udp1434.pcap', '1:7', 'ssrp', '0f', 'The same.'),
]


def ends(packet):
    def end(side, port):
        return packet[f'ip.{side}'] or packet[f'ipv6.{side}'], packet[f'tcp.{port}'] or packet[f'udp.{port}']
    return frozenset((end('src', 'srcport'), end('dst', 'dstport'))), 'tcp' if packet['tcp.srcport'] else 'udp'


def names_of(protocols):
    """What a packet is called above its transport."""
    layers = protocols.split(':')
    at = max(i for i, layer in enumerate(layers) if layer in ('tcp', 'udp'))
    return {THEIRS.get(layer, layer) for layer in layers[at + 1:]} - NO_NAME


def ask_tshark(capture):
    """Of each pair of ends, all that tshark names, and the first bytes."""
    command = [*ASK, '-r', str(capture), '-Y', 'tcp || udp', '-T', 'fields', '-E', 'occurrence=l', '-E', 'separator=|']
    for field in FIELDS:
        command += ['-e', field]
    run = subprocess.run(command, capture_output=True, check=False, text=True)  # a cut capture ends in 2
    named, first = collections.defaultdict(set), {}
    for line in run.stdout.splitlines():
        packet = dict(zip(FIELDS, line.split('|')))
        named[ends(packet)] |= names_of(packet['frame.protocols'])
        payload = packet['tcp.payload'] or packet['udp.payload']
        if payload:
            first.setdefault(ends(packet), payload)
    return named, first


def layers_of(flow):
    """What we say of a flow: its protocol first, then the layers around it and those that have left facts."""
    said = {flow['protocol']} | {fact.split('.')[0].replace('_', '-') for fact in flow['facts'] if '.' in fact}
    said |= {'tls'} if flow['security'] in ('tls', 'mtls') and flow['protocol'] != 'dtls' else set()
    return OURS.get(flow['protocol'], flow['protocol']), {OURS.get(name, name) for name in said}


def compare(flow, theirs):
    """Same, differs, or silent (tshark has no name and we have one)."""
    ours, layers = layers_of(flow)
    if not theirs:
        return 'silent' if ours in WORDS else 'same'
    if theirs & WORDS:
        return 'same' if ours in theirs or (ours in WORDS and layers & theirs & AROUND) else 'differs'
    return 'differs' if ours in WORDS else 'same'


def examine(pcaudit, capture):
    run = subprocess.run([pcaudit, 'audit', '-s', str(SITE), '--flows=all', '-f', 'json', str(capture)],
                         capture_output=True, check=False)
    named, first = ask_tshark(capture)
    found = []
    for flow in json.loads(run.stdout)['flows']:
        if flow['transport'] not in ('tcp', 'udp'):
            continue
        key = frozenset((end['ip'], str(end['port'])) for end in (flow['src'], flow['dst'])), flow['transport']
        assert key in named, f"{capture.name} {flow['id']}: tshark has no such flow"
        found.append((capture.name, flow['id'], flow['protocol'], named[key], first.get(key, ''), compare(flow, named[key])))
    return found


def excuse(name, flow, ours, theirs, first):
    """The row that explains it, if there is one and all of it is still true."""
    for row in EXPLAINED:
        if row[:3] == (name, flow, ours) and row[3] in theirs and first.startswith(row[4]):
            return row
    for row in SILENT:
        if row[:3] == (name, flow, ours) and not theirs and first.startswith(row[3]):
            return row
    return None


def judge(found, folder):
    """Complaints about one folder's flows."""
    wrong, used = [], []
    count = collections.Counter(result for *_, result in found)
    for name, flow, ours, theirs, first, result in found:
        row = excuse(name, flow, ours, theirs, first) if result != 'same' else None
        used.append(row)
        if result != 'same' and not row:
            wrong.append(f"{name} {flow}: we say {ours}, tshark {'/'.join(sorted(theirs)) or 'nothing'}; "
                         f"begins {first[:2 * FIRST_BYTES]}; not explained")
    present = {name for name, *_ in found}
    wrong += [f'{row[0]} {row[1]}: explained, and no longer so' for row in EXPLAINED + SILENT
              if row[0] in present and row not in used]
    print(f"{folder}: {len(found)} flows, {count['same']} named alike, {count['differs']} differ, "
          f"tshark has no name for {count['silent']}")
    if count['differs'] > MAY_DIFFER * len(found):
        wrong.append(f"{folder}: {count['differs']} of {len(found)} differ")
    if count['silent'] > MAY_BE_SILENT * len(found):
        wrong.append(f"{folder}: tshark has no opinion on {count['silent']} of {len(found)}")
    return wrong


def captures(folder):
    return sorted(path for path in folder.rglob('*') if path.suffix in ('.pcap', '.pcapng'))


def main(pcaudit, shared):
    wrong = []
    for folder in (ROOT / 'pcaps', shared):
        if not folder.is_dir():
            print(f'skipped: no {os.path.relpath(folder, ROOT)}')
            continue
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            found = [row for rows in pool.map(lambda capture: examine(pcaudit, capture), captures(folder)) for row in rows]
        assert found, f'{folder} holds no flow'
        wrong += judge(found, folder.name)
    print('\n'.join(wrong))
    return 1 if wrong else 0


if __name__ == '__main__':
    if not shutil.which('tshark'):
        print('skipped: tshark is not installed')
        sys.exit(77)
    sys.exit(main(sys.argv[1], pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else SHARED))
