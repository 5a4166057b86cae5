#!/usr/bin/env python3
"""What the program says and how it ends: run.py PCAUDIT [NAME...].

A row is a name, a command line (split as a shell would), the exit code, and what must be found in
standard error and standard output: a string is all of it, '' nothing, re(...) a pattern somewhere
in it, None anything. {tmp} is a folder with the files that make_files() writes. What needs more
than a row is a function check_NAME() below. Runs in the project's folder.
"""
import bz2
import calendar
import gzip
import hashlib
import json
import lzma
import os
import pathlib
import pty
import re as regex
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SITE = '-s rules/contoso.yaml'
PASSING = 'pcaps/fed-sip-mtls.pcap'
FAILING = 'pcaps/wrong-security.pcapng'
WARNING = 'pcaps/feature-off.pcap'   # nothing worse than warnings
NOTHING = 'pcaps/ipv6.pcapng'        # nothing in scope


class re(str):
    """A pattern instead of the whole text."""


def made_of(*words):
    return re(''.join(f'(?=.*{regex.escape(word)})' for word in words))


TAKES = 'pcaudit audit: '

ROWS = [
    # The program itself.
    ('no-words', '', 2, re(r'^usage: pcaudit COMMAND.*Exit codes: 0 pass, 1 fail, 2 wrong use, 3 could not do'), ''),
    ('help', '--help', 0, '', re(r'^usage: pcaudit COMMAND')),
    ('help-short', '-h', 0, '', re(r'^usage: pcaudit COMMAND')),
    ('help-word', 'help', 0, '', re(r'^usage: pcaudit COMMAND')),
    ('version', '--version', 0, '', re(r'^pcaudit \d+\.\d+\.\d+\nlibpcap .*\nnDPI .*\njson-c .*\nOpenSSL .*\nlibyaml \d.*\nzlib \d.*\nlibzstd \d.*\nliblz4 \d.*\nliblzma \d.*\n$')),
    ('command-near', 'audti', 2, 'pcaudit: no command "audti" (did you mean "audit"?)\n', ''),
    ('command-unknown', 'frobnicate', 2, 'pcaudit: no command "frobnicate"; see pcaudit --help\n', ''),
    ('command-option-first', '--max-memory 1G audit', 2, 'pcaudit: no command "--max-memory"; see pcaudit --help\n', ''),

    # Options.
    ('no-capture', f'audit {SITE}', 2, TAKES + 'no capture named; see pcaudit audit --help\n', ''),
    ('option-near', f'audit --flow {PASSING}', 2, TAKES + 'no option --flow (did you mean --flows?)\n', ''),
    ('option-unknown', f'audit --frobnicate {PASSING}', 2, TAKES + 'no option --frobnicate\n', ''),
    ('option-letter', f'audit -q {PASSING}', 2, TAKES + 'no option -q\n', ''),
    ('option-no-value', 'audit --site', 2, TAKES + '--site needs a value\n', ''),
    ('option-no-value-short', 'audit -s', 2, TAKES + '-s needs a value\n', ''),
    ('option-value', f'audit --hash=1 {PASSING}', 2, TAKES + '--hash takes no value\n', ''),
    ('option-behind-dashes', f'audit {SITE} -- {PASSING}', 0, '', re('^PASS')),
    ('option-joined', f'audit -srules/contoso.yaml -fjson {PASSING}', 0, '', re(r'^\{\n  "schema": "pcaudit\.report/1"')),
    ('option-last', f'audit {PASSING} --site=rules/contoso.yaml --format=json', 0, '', re('"verdict": "pass"')),
    ('output-first', f'audit -o {{tmp}}/x.json {PASSING}', 2, TAKES + '-o {tmp}/x.json follows no -f FORMAT\n', ''),
    ('output-twice', f'audit -f json -o {{tmp}}/x -o {{tmp}}/y {PASSING}', 2, TAKES + '-o {tmp}/y follows no -f FORMAT\n', ''),
    ('format-twice', f'audit -f text -f json {PASSING}', 2,
     TAKES + '-f text has no -o FILE: only the last one may go to standard output\n', ''),
    ('format-near', f'audit -f jsn {PASSING}', 2, TAKES + 'no format "jsn" (did you mean "json"?)\n', ''),
    ('format-unknown', f'audit -f parquet {PASSING}', 2, TAKES + 'no format "parquet"; see pcaudit formats\n', ''),
    ('format-too-many', 'audit ' + '-f json -o {tmp}/x ' * 17 + PASSING, 2, TAKES + 'more than 16 outputs\n', ''),
    ('pack-too-many', 'audit ' + '-p x ' * 33 + PASSING, 2, TAKES + 'more than 32 packs\n', ''),
    ('fail-on-unknown', f'audit --fail-on fatal {PASSING}', 2, TAKES + '--fail-on fatal: info, warning or error is expected\n', ''),
    ('examples-zero', f'audit --examples 0 {PASSING}', 2, TAKES + '--examples 0: a number from 1 to 1000 is expected\n', ''),
    ('examples-word', f'audit --examples all {PASSING}', 2, TAKES + '--examples all: a number from 1 to 1000 is expected\n', ''),
    ('flows-word', f'audit --flows=some {PASSING}', 2, TAKES + '--flows=some: only --flows or --flows=all\n', ''),
    ('since-word', f'audit --since yesterday {PASSING}', 2,
     TAKES + '--since yesterday: a UTC time as 2026-03-01T10:00:00Z or seconds since 1970 is expected\n', ''),
    ('until-early', f'audit --until 0001-01-01T00:00:00Z {PASSING}', 2, re(r'--until 0001.* is expected\n$'), ''),
    ('memory-word', f'audit --max-memory 1MB {PASSING}', 2, TAKES + '--max-memory 1MB: a size as 256M or 2G is expected\n', ''),
    ('keylog-absent', f'audit --keylog {{tmp}}/absent {PASSING}', 3, TAKES + '{tmp}/absent: No such file or directory\n', ''),
    ('keylog-empty', f'audit --keylog {{tmp}}/empty {PASSING}', 2, re('{tmp}/empty: no secret of a TLS connection in it;'), ''),
    ('rsa-key-none', f'audit --rsa-key {{tmp}}/empty {PASSING}', 2, re('{tmp}/empty: no private key in PEM'), ''),

    # Files a person writes.
    ('pack-unknown', f'audit -p lync {PASSING}', 2, re(r'^pcaudit audit: no pack "lync": looked for lync\.yaml in '), ''),
    ('pack-absent', f'audit -p {{tmp}}/absent.yaml {PASSING}', 2, TAKES + '{tmp}/absent.yaml: No such file or directory\n', ''),
    ('pack-bad', f'audit -p tests/cli/bad-pack.yaml {PASSING}', 2,
     TAKES + 'tests/cli/bad-pack.yaml:15: rule "order": unknown role "kettel" (did you mean "kettle"?)\n', ''),
    ('site-absent', f'audit -s {{tmp}}/absent.yaml {PASSING}', 2, TAKES + '{tmp}/absent.yaml: No such file or directory\n', ''),
    ('site-bad', f'audit -s tests/cli/bad-site.yaml {PASSING}', 2,
     re(r'^pcaudit audit: tests/cli/bad-site\.yaml:3: .*"front-end-sever".*did you mean "front-end-server"\?'), ''),
    ('site-not-yaml', f'audit -s {PASSING} {PASSING}', 2, re(r'^pcaudit audit: pcaps/fed-sip-mtls\.pcap:1: '), ''),
    ('site-empty', f'audit -s {{tmp}}/empty {PASSING}', 2, re(r'^pcaudit audit: \{tmp\}/empty:?\d*: '), ''),
    ('site-folder', f'audit -s rules {PASSING}', 2, TAKES + 'rules: Is a directory\n', ''),
    ('vantage-without-site', f'audit -V outer {PASSING}', 2, TAKES + 'vantage "outer" needs a site file (-s)\n', ''),
    ('vantage-none', f'audit {SITE} -V outer {PASSING}', 2, TAKES + 'the site has no vantage "outer"\n', ''),
    ('vantage-near', f'audit -s tests/cli/site.yaml -V outer-firewal {PASSING}', 2,
     TAKES + 'the site has no vantage "outer-firewal" (did you mean "outer-firewall"?)\n', ''),
    ('vantage', f'audit -s tests/cli/site.yaml -V outer-firewall -f json {PASSING}', 0, '', re('"name": "outer-firewall"')),
    ('vantage-with-capture', f'audit -s tests/cli/site.yaml -V outer-firewall={PASSING}', 0, '', re('^PASS')),
    ('site-no-zone', 'site check tests/cli/no-zone.yaml', 2,
     re(r'no-zone.yaml:\d+: there is no time zone "Europe/Berln" on this machine'), ''),
    ('vantage-no-name', f'audit -s tests/cli/site.yaml -V ={PASSING}', 2, re('NAME or NAME=FILE is expected'), ''),

    # Captures.
    ('capture-absent', f'audit {SITE} {{tmp}}/absent.pcap', 3, TAKES + '{tmp}/absent.pcap: No such file or directory\n', ''),
    ('capture-one-absent', f'audit {SITE} {PASSING} {{tmp}}/absent.pcap', 3,
     TAKES + '{tmp}/absent.pcap: No such file or directory\n', ''),
    ('capture-unreadable', f'audit {SITE} /proc/self/mem', 3, TAKES + '/proc/self/mem: Input/output error\n', ''),
    ('capture-empty', f'audit {SITE} {{tmp}}/empty', 3, TAKES + '{tmp}/empty: the file is empty\n', ''),
    ('capture-header-only', f'audit {SITE} {{tmp}}/header.pcap', 3, TAKES + 'no packet was audited\n', made_of('UNJUDGED')),
    ('capture-header-cut', f'audit {SITE} {{tmp}}/header-cut.pcap', 3, TAKES + '{tmp}/header-cut.pcap: the file ends inside its pcap header\n', ''),
    ('capture-text', f'audit {SITE} README.md', 3,
     TAKES + 'README.md: not a capture that can be read: unknown file format\n', ''),
    ('capture-folder-empty', f'audit {SITE} {{tmp}}/nothing', 3, TAKES + '{tmp}/nothing: the folder holds no capture\n', ''),
    ('capture-folder-other', f'audit {SITE} {{tmp}}/other/', 3,
     TAKES + '{tmp}/other/README: left out, not a capture\n' + TAKES + '{tmp}/other/: the folder holds no capture\n', ''),
    ('capture-folder', f'audit {SITE} -f json {{tmp}}/mixed', 0, TAKES + '{tmp}/mixed/README: left out, not a capture\n',
     re('"verdict": "pass"')),
    ('capture-folder-stranger', f'audit {SITE} {{tmp}}/strange', 3, re(r'strange/b\.pcap\.bz2: found a file compressed by bzip2'),
     re(r'^UNJUDGED.*2 files: 46 packets.*strange/b\.pcap\.bz2: found a file compressed by\s+bzip2')),
    ('capture-folder-junk', f'audit {SITE} {{tmp}}/junk', 0,
     ''.join(TAKES + f'{{tmp}}/junk/{left}\n' for left in (
         'dangling: left out, not a file', 'days: left out, a folder: name it to have it read', 'fifo: left out, not a file',
         'latest.pcap: left out, the same file as {tmp}/junk/a.pcap', 'notes.gz: left out, not a capture',
         'notes.lz4: left out, not a capture', 'notes.xz: left out, not a capture', 'notes.zst: left out, not a capture')),
     re('^PASS')),
    ('capture-folder-cut', f'audit {SITE} {{tmp}}/ring', 3, re(r'ring/b\.pcap: the file ends inside its pcap header'),
     re(r'^UNJUDGED.*3 files: 46 packets.*ring/b\.pcap: the file ends inside its pcap header,\s+\S*ring/c\.pcap: the file is empty')),
    ('capture-folder-cut-allowed', f'audit {SITE} --allow-truncated {{tmp}}/ring', 4, '', re('^UNJUDGED')),
    ('capture-folder-damaged', f'audit {SITE} --allow-truncated {{tmp}}/damaged-packing', 3,
     re(r'damaged-packing/b\.gz: gzip: '), re('^UNJUDGED')),
    ('capture-twice', f'audit {SITE} {PASSING} ./{PASSING} {{tmp}}/link.pcap', 0,
     TAKES + f'./{PASSING}: left out, the same file as {PASSING}\n' + TAKES + f'{{tmp}}/link.pcap: left out, the same file as {PASSING}\n',
     re(f'^PASS.*{regex.escape(PASSING)}: 46 packets')),
    ('stdin-twice', f'audit {SITE} - -', 2, TAKES + 'standard input can be read only once\n', ''),
    ('stdin-by-device', f'audit {SITE} - /dev/stdin', 2, TAKES + '/dev/stdin can be read only once\n', ''),
    ('fifo-twice', f'audit {SITE} {{tmp}}/fifo {{tmp}}/fifo', 2, TAKES + '{tmp}/fifo can be read only once\n', ''),
    ('hash-fifo', f'audit {SITE} --hash {{tmp}}/fifo', 2, TAKES + '--hash: {tmp}/fifo can be read only once\n', ''),
    ('hash-absent', f'audit {SITE} --hash {{tmp}}/absent', 3, TAKES + '{tmp}/absent: No such file or directory\n', ''),
    ('capture-folder-packed', f'audit {SITE} {{tmp}}/packed', 0, '', re(r'^PASS.*2 files: 46 packets')),
    ('packed-cut', f'audit {SITE} {{tmp}}/cut.pcap.gz', 3, re(r'cut\.pcap\.gz: '), re(r'^UNJUDGED.*truncated')),
    ('packed-cut-allowed', f'audit {SITE} --allow-truncated {{tmp}}/cut.pcap.gz', 4, '', re(r'^UNJUDGED.*truncated')),
    ('filter-bad', f'audit {SITE} -F "tcp and and" {PASSING}', 2,
     re(r'^pcaudit audit: filter "tcp and and" for pcaps/fed-sip-mtls\.pcap: .*syntax error'), ''),
    ('filter-everything', f'audit {SITE} -F "udp port 9" {PASSING}', 3, TAKES + 'no packet was audited\n', made_of('UNJUDGED')),
    ('since-after', f'audit {SITE} --since 2200-01-01T00:00:00Z {PASSING}', 3, TAKES + 'no packet was audited\n', None),
    ('until-before', f'audit {SITE} --until 1 {PASSING}', 3, TAKES + 'no packet was audited\n', None),
    ('hash-stdin', f'audit {SITE} --hash -', 2, TAKES + '--hash: standard input can be read only once\n', ''),

    # Verdicts.
    ('pass', f'audit {SITE} {PASSING}', 0, '', re('^PASS')),
    ('fail', f'audit {SITE} {FAILING}', 1, '', re('^FAIL')),
    ('unjudged', f'audit {SITE} {NOTHING}', 4, '', re('^UNJUDGED')),
    ('without-site', f'audit {PASSING}', 4, '', re(r'^UNJUDGED.*no site file: source and destination were not audited')),
    ('fail-on-warning', f'audit {SITE} {WARNING}', 1, '', re('^FAIL')),
    ('fail-on-error', f'audit {SITE} --fail-on error {WARNING}', 4, '', re('^UNJUDGED')),
    ('fail-on-error-fails', f'audit {SITE} --fail-on error {FAILING}', 1, '', re('^FAIL')),
    ('fail-on-info', f'audit {SITE} --fail-on info {PASSING}', 1, '', re('^FAIL')),

    # Captures that end too early.
    ('cut-text', f'audit {SITE} {{tmp}}/cut.pcap', 3, re(r'cut\.pcap: cut off after packet 45: .*; audited up to there\n$'),
     re(r'^UNJUDGED.*truncated')),
    ('cut-json', f'audit {SITE} -f json {{tmp}}/cut.pcap', 3, re('cut off after packet 45'),
     made_of('"truncated": true', '"verdict": "unjudged"', '"error": "cut off after packet 45')),
    ('cut-ndjson', f'audit {SITE} -f ndjson {{tmp}}/cut.pcap', 3, re('cut off'), made_of('"truncated":true', '"verdict":"unjudged"')),
    ('cut-cef', f'audit {SITE} -f cef {{tmp}}/cut.pcap', 3, re('cut off'), re(r'^CEF:0\|pcaudit\|pcaudit\|[^|]+\|run:unjudged\|')),
    ('cut-allowed', f'audit {SITE} --allow-truncated {{tmp}}/cut.pcap', 4, '', re(r'^UNJUDGED.*truncated')),
    ('cut-failing', f'audit {SITE} {{tmp}}/cut-failing.pcapng', 3, re('cut off after packet'), re('^FAIL')),
    ('cut-failing-allowed', f'audit {SITE} --allow-truncated {{tmp}}/cut-failing.pcapng', 1, '', re('^FAIL')),
    ('damaged', f'audit {SITE} --allow-truncated {{tmp}}/damaged.pcap', 3, re(r'damaged\.pcap: damaged after packet 1'),
     re('^UNJUDGED')),

    # Outputs.
    ('output-full', f'audit {SITE} -f json -o /dev/full {PASSING}', 3, TAKES + '/dev/full: No space left on device\n', ''),
    ('output-unwritable', f'audit {SITE} -f json -o /proc/report.json {PASSING}', 3, re(r'^pcaudit audit: /proc/report\.json: '), ''),
    ('output-absent-folder', f'audit {SITE} -f json -o {{tmp}}/absent/x.json {PASSING}', 3,
     TAKES + '{tmp}/absent/x.json: No such file or directory\n', ''),
    ('output-stdout-by-name', f'audit {SITE} -f json -o - {PASSING}', 0, '', re(r'^\{\n')),

    ('output-one-file', f'audit {SITE} -f json -o {{tmp}}/same.json -f text -o {{tmp}}/same.json {PASSING}', 2,
     TAKES + '-f json and -f text both go to {tmp}/same.json\n', ''),
    ('output-one-file-by-two-names', f'audit {SITE} -f json -o {{tmp}}/same.json -f text -o {{tmp}}/nothing/../same.json {PASSING}', 2,
     re('-f json and -f text both go to '), ''),
    ('output-one-file-there', f'audit {SITE} -f json -o {{tmp}}/empty -f text -o {{tmp}}/also-empty {PASSING}', 2,
     re('-f json and -f text both go to '), ''),
    ('output-one-file-here', f'audit {SITE} -f json -o same.json -f text -o ./same.json {PASSING}', 2,
     re('-f json and -f text both go to ./same.json'), ''),
    ('output-stdout-twice', f'audit {SITE} -f json -o - -f text {PASSING}', 2, TAKES + '-f json and -f text both go to standard output\n', ''),
    ('output-two-files', f'audit {SITE} -f json -o {{tmp}}/one.json -f text -o {{tmp}}/nothing/one.json {PASSING}', 0, '', ''),
    ('output-one-device', f'audit {SITE} -f json -o /dev/null -f text -o /dev/null {PASSING}', 0, '', ''),
    ('output-over-a-capture', f'audit {SITE} -f json -o {{tmp}}/linked.pcap {PASSING} {{tmp}}/first.pcap', 2,
     TAKES + '-o {tmp}/linked.pcap would overwrite the capture {tmp}/first.pcap\n', ''),

    # The others.
    ('explain-no-flow', f'explain {SITE} {PASSING}', 2, re('--flow'), ''),
    ('explain-no-capture', f'explain {SITE} --flow 1', 2, re('no capture named'), ''),
    ('explain-absent', f'explain {SITE} --flow 1 {{tmp}}/absent.pcap', 3, 'pcaudit explain: {tmp}/absent.pcap: No such file or directory\n', ''),
    ('explain-no-id', f'explain {SITE} --flow x {PASSING}', 2, re('--flow x: '), ''),
    ('explain-no-such-flow', f'explain {SITE} --flow 1:2 {PASSING}', 2, re('--flow 1:2: no flow begins with that packet'), ''),
    ('explain-no-such-file', f'explain {SITE} --flow 3:1 {PASSING}', 2, re('there is no capture 3; 1 was read'), ''),
    ('explain-format', f'explain {SITE} --flow 1 -f xml {PASSING}', 2, re('-f xml: text or json is expected'), ''),
    ('explain', f'explain {SITE} --flow 1:3 {PASSING}', 0, '', re('compliant.*fed-sip-in')),
    ('explain-number', f'explain {SITE} --flow 3 {PASSING}', 0, '', re('compliant.*fed-sip-in')),
    ('explain-json', f'explain {SITE} --flow 3 -f json {PASSING}', 0, '', re('"fed-sip-in"')),
    ('facts', 'facts', 0, '', re(r'\bsip\b.*tls\.version')),
    ('facts-word', 'facts sip', 2, 'pcaudit facts: nothing is expected here, but found "sip"\n', ''),
    ('facts-format', 'facts -f xml', 2, 'pcaudit facts: -f xml: text or json is expected\n', ''),
    ('detectors', 'detectors', 0, '', re(r'\btls\b.*\bndpi\b')),
    ('formats', 'formats', 0, '', re(r'^ *text\b.*\n *json\b.*\n *ndjson\b.*\n *ecs\b.*\n *eve\b.*\n *ocsf\b.*\n *cef\b')),
    ('formats-option', 'formats --all', 2, 'pcaudit formats: no option --all\n', ''),
]


# ---- Files ---------------------------------------------------------------------------------------


def records(capture):
    """File header and records of a little-endian pcap."""
    data = (ROOT / capture).read_bytes()
    parts, at = [], 24
    while at < len(data):
        size = 16 + struct.unpack_from('<I', data, at + 8)[0]
        parts.append(data[at:at + size])
        at += size
    return data[:24], parts


def tcp_packet(src, dst, src_port, dst_port, seq, ack, flags):
    """One segment without payload, as raw IPv4."""
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 40, 0, 0, 64, 6, 0, bytes(src), bytes(dst))
    return ip + struct.pack('>HHIIBBHHH', src_port, dst_port, seq, ack, 0x50, flags, 64240, 0, 0)


def refused_attempts(n):
    """A capture of n clients whose SYN to a Front End's port 9999 is answered by RST."""
    capture = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    client, server = [10, 0, 9, 1], [10, 0, 2, 20]
    for i in range(n):
        for packet in (tcp_packet(client, server, 40000 + i, 9999, 1000, 0, 0x02),
                       tcp_packet(server, client, 9999, 40000 + i, 0, 1001, 0x14)):
            capture += struct.pack('<IIII', 1772359200 + i, 0, len(packet), len(packet)) + packet
    return capture


def zstd_frame(data):
    """Raw blocks in a frame of one segment (RFC 8878, 3.1.1)."""
    blocks = [data[at:at + 65536] for at in range(0, len(data), 65536)]
    frame = b'\x28\xb5\x2f\xfd\xa0' + struct.pack('<I', len(data))
    for block in blocks:
        frame += struct.pack('<I', len(block) << 3 | (block is blocks[-1]))[:3] + block
    return frame


def lz4_frame(data):
    """One block that is not compressed; 0x73 is the checksum of the two flag bytes."""
    return b'\x04\x22\x4d\x18\x60\x70\x73' + struct.pack('<I', len(data) | 1 << 31) + data + bytes(4)


def make_files(tmp):
    (tmp / 'refused.pcap').write_bytes(refused_attempts(12))
    header, parts = records(PASSING)
    whole = (ROOT / PASSING).read_bytes()
    (tmp / 'empty').write_bytes(b'')
    (tmp / 'header.pcap').write_bytes(header)
    (tmp / 'header-cut.pcap').write_bytes(header[:20])
    (tmp / 'cut.pcap').write_bytes(whole[:-5])
    (tmp / 'cut-failing.pcapng').write_bytes((ROOT / FAILING).read_bytes()[:-100])
    (tmp / 'damaged.pcap').write_bytes(header + parts[0] + parts[1][:8] + b'\xff' * 8 + b''.join(parts[2:]))
    half = len(parts) // 2
    (tmp / 'first.pcap').write_bytes(header + b''.join(parts[:half]))
    (tmp / 'second.pcap').write_bytes(header + b''.join(parts[half:]))
    packed = {'gz': gzip.compress(whole), 'xz': lzma.compress(whole), 'zst': zstd_frame(whole), 'lz4': lz4_frame(whole)}
    for name, data in packed.items():
        (tmp / f'packed.pcap.{name}').write_bytes(data)
    (tmp / 'cut.pcap.gz').write_bytes(packed['gz'][:-2000])
    (tmp / 'stranger.bzip2').write_bytes(bz2.compress(whole))
    (tmp / 'stranger.zip').write_bytes(b'PK\x03\x04' + bytes(60))
    for name in ('nothing', 'other', 'mixed', 'packed', 'strange'):
        (tmp / name).mkdir()
    (tmp / 'other' / 'README').write_text('no capture\n')
    (tmp / 'mixed' / 'README').write_text('no capture\n')
    (tmp / 'mixed' / '.hidden').write_text('not even looked at\n')
    (tmp / 'mixed' / 'a.pcap').write_bytes(whole)
    (tmp / 'packed' / 'a.pcap').write_bytes((tmp / 'first.pcap').read_bytes())
    (tmp / 'packed' / 'b.pcap.gz').write_bytes(gzip.compress((tmp / 'second.pcap').read_bytes()))
    notes = b'What was captured, where and when.\n'
    for folder in ('junk', 'ring', 'damaged-packing'):
        (tmp / folder).mkdir()
        (tmp / folder / 'a.pcap').write_bytes(whole)
    (tmp / 'junk' / 'days').mkdir()
    (tmp / 'junk' / 'dangling').symlink_to('nowhere')
    os.mkfifo(tmp / 'junk' / 'fifo')
    (tmp / 'junk' / 'latest.pcap').symlink_to('a.pcap')
    for name, data in {'gz': gzip.compress(notes), 'xz': lzma.compress(notes), 'zst': zstd_frame(notes), 'lz4': lz4_frame(notes)}.items():
        (tmp / 'junk' / f'notes.{name}').write_bytes(data)
    (tmp / 'ring' / 'b.pcap').write_bytes(header[:20])
    (tmp / 'ring' / 'c.pcap').write_bytes(b'')
    (tmp / 'damaged-packing' / 'b.gz').write_bytes(packed['gz'][:10] + b'\xff' * 100)
    (tmp / 'link.pcap').symlink_to(ROOT / PASSING)
    os.mkfifo(tmp / 'fifo')
    os.link(tmp / 'first.pcap', tmp / 'linked.pcap')
    os.link(tmp / 'empty', tmp / 'also-empty')
    (tmp / 'strange' / 'a.pcap').write_bytes(whole)
    (tmp / 'strange' / 'b.pcap.bz2').write_bytes(bz2.compress(whole))


# ---- What needs more than a row ------------------------------------------------------------------


class Tester:
    def __init__(self, program, tmp):
        self.program, self.tmp = program, tmp

    def run(self, line, **more):
        env = dict(os.environ, TZ='UTC', LC_ALL='C.UTF-8') | more.pop('env', {})
        words = [word.replace('{tmp}', str(self.tmp)) for word in shlex.split(line)]
        options = dict(cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100)
        return subprocess.run([self.program, *words], check=False, **options | more)

    def report(self, line, code=0):
        done = self.run(line)
        assert done.returncode == code, f'exit code {done.returncode}: {done.stderr.decode()}'
        return json.loads(done.stdout)


def check_every_command_has_help(t):
    done = t.run('--help')
    commands = regex.findall(r'^  (\w+) ', done.stdout.decode(), regex.M)
    assert len(commands) >= 3, commands
    for command in commands:
        done = t.run(f'{command} --help')
        assert (done.returncode, done.stderr) == (0, b''), (command, done)
        assert done.stdout.startswith(f'usage: pcaudit {command} '.encode()), done.stdout
        assert b'-h, --help' in done.stdout
        with open('/dev/full', 'w') as full:
            done = t.run(f'{command} --help', stdout=full)
        assert done.returncode == 3 and b'No space left on device' in done.stderr, (command, done)


def check_lists_to_a_full_disk(t):
    for line in ('facts', 'facts -f json', 'detectors', 'formats', 'rules list', 'rules list -f json',
                 'rules matrix', 'site check rules/contoso.yaml', f'explain {SITE} --flow 3 {PASSING}', '--version'):
        with open('/dev/full', 'w') as full:
            done = t.run(line, stdout=full)
        assert done.returncode == 3 and b'No space left on device' in done.stderr, (line, done)


def check_reader_gone(t):
    """As in `pcaudit ... | head -0`: an output error with its exit code, no signal."""
    for line in (f'audit {SITE} {PASSING}', f'audit {SITE} -f json --flows=all pcaps', f'rules list', 'facts'):
        reader, writer = os.pipe()
        os.close(reader)
        done = t.run(line, stdout=writer)
        os.close(writer)
        assert done.returncode == 3 and b'Broken pipe' in done.stderr, (line, done)


def check_stdout_closed(t):
    """A closed descriptor must not become a capture or a report of ours."""
    done = t.run(f'audit {SITE} {PASSING}', stdout=None, preexec_fn=lambda: os.close(1))
    assert done.returncode == 3 and b'standard output: ' in done.stderr, done
    done = t.run(f'audit {SITE} -', stdin=None, preexec_fn=lambda: os.close(0))
    assert done.returncode == 3 and b'-: Bad file descriptor' in done.stderr, done
    done = t.run(f'audit {SITE} -f json -o {{tmp}}/no-stderr.json {PASSING} {{tmp}}/cut.pcap', stderr=None,
                 preexec_fn=lambda: os.close(2))
    assert done.returncode == 3 and json.loads((t.tmp / 'no-stderr.json').read_text()), done


def check_other_outputs_are_written(t):
    """One output that cannot be written does not take the others along, before or behind it."""
    done = t.run(f'audit {SITE} -f json -o {{tmp}}/before.json -f text -o /proc/no.txt -f ndjson -o /dev/full '
                 f'-f text -o {{tmp}}/behind.txt {PASSING}')
    assert done.returncode == 3, done
    assert b'/proc/no.txt: ' in done.stderr and b'/dev/full: No space left' in done.stderr, done.stderr
    assert json.loads((t.tmp / 'before.json').read_text())['summary']['verdict'] == 'pass'
    assert (t.tmp / 'behind.txt').read_text().startswith('PASS')


def check_former_output_stays(t):
    """A run that ends before its report leaves the former one alone, and nothing beside it."""
    folder = t.tmp / 'former'
    folder.mkdir()
    (folder / 'report.json').write_text('former\n')
    for line, code in ((f'audit {SITE} -f json -o {{tmp}}/former/report.json {{tmp}}/absent.pcap', 3),
                       (f'audit -s {{tmp}}/empty -f json -o {{tmp}}/former/report.json {PASSING}', 2)):
        done = t.run(line)
        assert done.returncode == code, done
        assert [path.name for path in folder.iterdir()] == ['report.json']
        assert (folder / 'report.json').read_text() == 'former\n'
    done = t.run(f'audit {SITE} -f json -o {{tmp}}/former/report.json {PASSING}', umask=0o027)
    assert (done.returncode, done.stdout) == (0, b''), done
    assert [path.name for path in folder.iterdir()] == ['report.json']
    assert json.loads((folder / 'report.json').read_text())
    assert (folder / 'report.json').stat().st_mode & 0o777 == 0o640


def check_unreadable(t):
    """By permission; root reads everything, so root becomes nobody for this."""
    folder = pathlib.Path(tempfile.mkdtemp())
    path = folder / 'private.pcap'
    path.write_bytes((ROOT / PASSING).read_bytes())
    folder.chmod(0o755)
    path.chmod(0)
    become = (lambda: (os.setgroups([]), os.setgid(65534), os.setuid(65534))) if os.geteuid() == 0 else None
    try:
        try:
            done = t.run(f'audit {path}', preexec_fn=become, cwd='/')
        except PermissionError:
            print('     unreadable: not tried, nobody may not run the program where it lies')
            return
        assert done.returncode == 3 and done.stdout == b'', done
        assert b'Permission denied' in done.stderr, done
    finally:
        path.unlink()
        folder.rmdir()


def check_strangers(t):
    for path in sorted(t.tmp.glob('stranger.*')):
        done = t.run(f'audit {SITE} {path}')
        word = path.suffix[1:]
        assert done.returncode == 3 and done.stdout == b'', done
        said = done.stderr.decode()
        assert f'{path}: found a file' in said and f'{word}' in said and 'unpack it first' in said, said


def check_packed(t):
    whole = t.report(f'audit {SITE} -f json --flows {PASSING}')
    for name in ('gz', 'xz', 'zst', 'lz4'):
        report = t.report(f'audit {SITE} -f json --flows {{tmp}}/packed.pcap.{name}')
        for key in ('capture', 'summary', 'findings', 'coverage', 'flows'):
            assert report[key] == whole[key], (name, key)


def check_standard_input(t):
    whole = t.report(f'audit {SITE} -f json {PASSING}')
    with open(ROOT / PASSING, 'rb') as capture:
        done = t.run(f'audit {SITE} -f json -', stdin=capture)
    assert done.returncode == 0, done
    piped = json.loads(done.stdout)
    done = t.run(f'audit {SITE} -f json -', stdin=None, input=(ROOT / PASSING).read_bytes())
    assert done.returncode == 0 and json.loads(done.stdout)['findings'] == whole['findings'], done
    assert piped['inputs'][0]['name'] == '-'
    for key in ('summary', 'findings', 'coverage', 'capture'):
        assert piped[key] == whole[key], key


def check_fifo(t):
    """A pipe with a name is read as standard input is: once, to its end."""
    path = t.tmp / 'named'
    os.mkfifo(path)
    feeder = subprocess.Popen(['sh', '-c', 'cat "$1" > "$2"', 'sh', ROOT / PASSING, path])
    report = t.report(f'audit {SITE} -f json {path}')
    assert feeder.wait() == 0
    assert report['inputs'][0]['size'] is None and report['inputs'][0]['packets'] == 46


def check_many_files(t):
    """More captures than a process may have open at first."""
    folder = t.tmp / 'many'
    folder.mkdir()
    header, parts = records(PASSING)
    for i in range(1100):
        (folder / f'{i:04}.pcap').write_bytes(header + (parts[i] if i < len(parts) else b''))
    report = t.report(f'audit {SITE} -f json {folder}')
    assert len(report['inputs']) == 1100 and report['capture']['received'] == len(parts)
    assert report['summary'] == t.report(f'audit {SITE} -f json {PASSING}')['summary']


def check_several_files_are_one_capture(t):
    """A flow may span files; the order in which they are named does not matter to the findings."""
    whole = t.report(f'audit {SITE} -f json --flows {PASSING}')
    halves = t.report(f'audit {SITE} -f json --flows {{tmp}}/first.pcap {{tmp}}/second.pcap')
    turned = t.report(f'audit {SITE} -f json --flows {{tmp}}/second.pcap {{tmp}}/first.pcap')
    for report in (halves, turned):
        assert report['summary'] == whole['summary'], report['summary']
        assert report['capture'] == whole['capture']
        assert [i['packets'] for i in report['inputs']] == [23, 23]
    assert whole['inputs'][0]['packets'] == 46
    assert [f['id'] for f in turned['flows']] != [f['id'] for f in halves['flows']], 'an id names its file'
    for a, b in zip(whole['flows'], halves['flows']):
        for key in ('src', 'dst', 'packets', 'bytes', 'protocol', 'security', 'verdict', 'rule', 'facts'):
            assert a[key] == b[key], (key, a[key], b[key])


def check_hash(t):
    report = t.report(f'audit {SITE} -f json --hash {PASSING} {NOTHING}')
    for entry in report['inputs']:
        assert entry['sha256'] == hashlib.sha256((ROOT / entry['name']).read_bytes()).hexdigest(), entry
    assert t.report(f'audit {SITE} -f json {PASSING}')['inputs'][0]['sha256'] is None
    site = hashlib.sha256((ROOT / 'rules/contoso.yaml').read_bytes()).hexdigest()
    assert report['site']['sha256'] == site


def check_examples(t):
    """Twelve alike attempts are one finding; the earliest ones are its examples."""
    for option, n in (('--examples 1', 1), ('', 3), ('--examples 1000', 12)):
        report = t.report(f'audit {SITE} -f json {option} {{tmp}}/refused.pcap', 1)  # and SIP is missing
        findings = [f for f in report['findings'] if f['kind'] == 'refused']
        assert len(findings) == 1 and findings[0]['flows'] == 12, findings
        assert [e['id'] for e in findings[0]['examples']] == [f'1:{2 * i + 1}' for i in range(n)]


def time_of(text):
    """Nanoseconds since 1970 of a report's time."""
    return calendar.timegm(time.strptime(text[:19], '%Y-%m-%dT%H:%M:%S')) * 10**9 + int(text[20:29])


def check_window(t):
    whole = t.report(f'audit {SITE} -f json pcaps/missing.pcapng', 1)
    assert whole['summary']['findings_by_kind']['missing'] and not whole['capture']['windowed']
    middle = (time_of(whole['capture']['first']) + time_of(whole['capture']['last'])) // 2
    before = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime((middle - 1) // 10**9)) + f'.{(middle - 1) % 10**9:09}Z'
    late = json.loads(t.run(f'audit {SITE} -f json --since {middle // 10**9}.{middle % 10**9:09} pcaps/missing.pcapng').stdout)
    early = json.loads(t.run(f'audit {SITE} -f json --until {before} pcaps/missing.pcapng').stdout)
    for report in (late, early):
        assert report['capture']['windowed'] and report['capture']['received'] > 0
        assert report['summary']['rules_by_coverage']['missing'] == 0, 'nothing is missing from a part'
        assert any(row['reason'] == 'a time window left packets out' for row in report['coverage'])
    assert late['capture']['received'] + early['capture']['received'] == whole['capture']['received']
    assert late['capture']['first'] > early['capture']['last']


def check_filter(t):
    report = t.report(f'audit {SITE} -f json -F "tcp port 443" pcaps/missing.pcapng', 4)
    assert report['capture']['filtered']
    assert report['summary']['rules_by_coverage']['missing'] == 0
    assert any(row['reason'] == 'a filter left packets out' for row in report['coverage'])


def check_flows(t):
    none = t.report(f'audit {SITE} -f json pcaps/undocumented.pcap', 1)
    some = t.report(f'audit {SITE} -f json --flows pcaps/undocumented.pcap', 1)
    every = t.report(f'audit {SITE} -f json --flows=all pcaps/undocumented.pcap', 1)
    assert 'flows' not in none
    by_verdict = none['summary']['flows']
    assert by_verdict['out-of-scope'] > 0
    assert len(every['flows']) == sum(by_verdict.values())
    assert [f for f in every['flows'] if f['verdict'] != 'out-of-scope'] == some['flows']
    assert some['summary'] == every['summary'] == none['summary']


def check_vlans(t):
    assert len(t.report(f'audit {SITE} -f json --flows pcaps/vlan.pcap', 1)['flows']) == 1
    done = t.run(f'audit {SITE} -f json --flows --separate-vlans pcaps/vlan.pcap')
    assert len(json.loads(done.stdout)['flows']) == 2


def check_small_memory(t):
    """Whatever the cap, it ends, counts every packet, and never passes what it could not follow."""
    done = t.run(f'audit {SITE} -f json --max-memory 1 pcaps')
    report = json.loads(done.stdout)
    assert done.returncode in (1, 4), done
    capture = report['capture']
    assert capture['received'] == sum(capture[key] for key in (
        'flows', 'fragments_held', 'other', 'short', 'invalid', 'unsupported', 'duplicate', 'dropped_kernel',
        'dropped_interface', 'dropped_ring', 'dropped_table'))


def sealed_capture(seed):
    """Key log, PEM and a capture of the conversation in a seed of the fuzz target keylog."""
    parts, data, at = [], (ROOT / 'tests/fuzz/keylog.in' / seed).read_bytes(), 0
    for _ in range(2):
        size = struct.unpack_from('>H', data, at)[0]
        parts.append(data[at + 2:at + 2 + size])
        at += 2 + size
    capture = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    ends, ports, seq = ([10, 0, 9, 1], [10, 0, 2, 20]), (49152, 5061), [1001, 5001]
    packets = [tcp_packet(ends[0], ends[1], *ports, 1000, 0, 0x02), tcp_packet(ends[1], ends[0], *ports[::-1], 5000, 1001, 0x12)]
    while at < len(data):
        side, size = struct.unpack_from('>BH', data, at)
        head = tcp_packet(ends[side], ends[1 - side], ports[side], ports[1 - side], seq[side], seq[1 - side], 0x18)
        packets.append(head[:2] + struct.pack('>H', 40 + size) + head[4:] + data[at + 3:at + 3 + size])
        seq[side] += size
        at += 3 + size
    for packet in packets:
        capture += struct.pack('<IIII', 1772359200, 0, len(packet), len(packet)) + packet
    return *parts, capture


def check_keys_open_tls(t):
    for seed, option, security in (('tls13-aes128-cert', '--keylog', 'mtls'), ('tls12-rsa-no-ems', '--rsa-key', 'tls')):
        log, pem, capture = sealed_capture(seed)
        (t.tmp / 'sealed.pcap').write_bytes(capture)
        (t.tmp / 'keys').write_bytes(log or pem)
        line = 'audit -f json --flows=all {tmp}/sealed.pcap'
        assert t.report(line, 4)['flows'][0]['protocol'] == 'tls'
        flow = t.report(f'{line} {option} {{tmp}}/keys', 4)['flows'][0]
        assert (flow['protocol'], flow['evidence'], flow['security']) == ('sip', 'confirmed', security), flow
        assert flow['facts']['tls.decrypted'] is True
        done = t.run(f'explain --flow 1 {{tmp}}/sealed.pcap {option} {{tmp}}/keys')
        assert b'sip (evidence confirmed' in done.stdout, done


def check_keys_are_never_shown(t):
    """Not the secrets, not the RSA key, in no output, whether they fit, are malformed or do not fit."""
    for seed, option in (('tls13-aes128-cert', '--keylog'), ('tls12-rsa-no-ems', '--rsa-key')):
        log, pem, capture = sealed_capture(seed)
        (t.tmp / 'sealed.pcap').write_bytes(capture)
        lines = (log or pem).decode().split('\n')
        if log:
            hidden = [word for line in lines if line[:1] in 'CSE' for word in line.split()[2:]]
            malformed = [log, log.replace(b'\n', b'0\n'), log.replace(b'_SECRET', b'-SECRET'), log[:200]]
        else:
            hidden = [line for line in lines if len(line) == 64]
            malformed = [pem, pem[:len(pem) // 2], pem.replace(b'BEGIN', b'BEG'), pem.replace(b'M', b'N')]
        assert hidden and all(len(word) >= 32 for word in hidden), hidden
        for text in malformed:
            (t.tmp / 'keys').write_bytes(text)
            for line in ('audit -f json --flows=all', 'audit -f ndjson --flows=all', 'audit', 'explain --flow 1'):
                done = t.run(f'{line} {{tmp}}/sealed.pcap {option} {{tmp}}/keys')
                shown = (done.stdout + done.stderr).lower()
                for word in hidden:
                    for form in (word[:24].encode().lower(), bytes.fromhex(word)[:8].lower() if log else b'-----begin'):
                        assert form not in shown, (line, form, done)


def check_keys_forbid_core_dumps(t):
    log, _, capture = sealed_capture('tls13-aes128-cert')
    (t.tmp / 'keys').write_bytes(log)
    with subprocess.Popen([t.program, 'audit', '-', '--keylog', str(t.tmp / 'keys')], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdin.write(capture[:-1])  # it has read its keys, and waits for the last byte
        process.stdin.flush()
        soft_and_hard = None
        for _ in range(40):
            try:
                # The one that reads, if it has been sealed already, is a child of the one that opens.
                children = pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
                limits = pathlib.Path(f'/proc/{children[0] if children else process.pid}/limits').read_bytes()
            except OSError:  # not dumpable, and not ours to look into
                break
            soft_and_hard = regex.search(rb'core file size +(\S+) +(\S+)', limits).groups()
            if soft_and_hard == (b'0', b'0'):
                break
            time.sleep(0.05)
        process.stdin.close()
        process.stdout.read()
    assert soft_and_hard in (None, (b'0', b'0')), soft_and_hard


def check_told_to_stop(t):
    """Whoever is told to stop is the one that was started; the one that reads must stop with it."""
    for word in ('SIGTERM', 'SIGINT', 'SIGHUP'):
        for line in (['-o', str(t.tmp / 'stopped.json')], ['--no-sandbox', '-o', str(t.tmp / 'stopped.json')]):
            with subprocess.Popen([t.program, 'audit', '-', '-f', 'json', *line], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                process.stdin.write(b'\xd4\xc3\xb2\xa1')  # a capture begins; it waits for the rest
                process.stdin.flush()
                time.sleep(0.3)
                children = pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
                assert bool(children) == (len(line) == 2), (line, children)
                process.send_signal(getattr(signal, word))
                process.wait(timeout=10)
                said = process.stderr.read().decode()
                if children:
                    assert process.returncode == 3 and 'there is no report' in said, (word, process.returncode, said)
                    assert not pathlib.Path(f'/proc/{children[0]}').exists(), word
                else:
                    assert process.returncode == -getattr(signal, word), (word, process.returncode)
    left = [path.name for path in t.tmp.iterdir() if path.name.startswith('stopped.json')]
    assert not left, left


def check_no_reader_without_opener(t):
    """If the process that opens is killed, the sealed one does not go on alone."""
    with subprocess.Popen([t.program, 'audit', '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        process.stdin.write(b'\xd4\xc3\xb2\xa1')
        process.stdin.flush()
        time.sleep(0.3)
        child, = pathlib.Path(f'/proc/{process.pid}/task/{process.pid}/children').read_text().split()
        sealed = b'Seccomp:\t2' in pathlib.Path(f'/proc/{child}/status').read_bytes()
        process.kill()
        process.wait(timeout=10)
        for _ in range(50):
            if not pathlib.Path(f'/proc/{child}').exists():
                break
            time.sleep(0.05)
        else:
            os.kill(int(child), 9)
            assert not sealed, 'it goes on'  # a sanitizer's build has no sandbox


def check_malformed_key_log(t):
    log, _, capture = sealed_capture('tls13-aes128-cert')
    (t.tmp / 'sealed.pcap').write_bytes(capture)
    (t.tmp / 'keys').write_bytes(b'CLIENT_RANDOM 00 00\n' + log + b'?\n' * 9)
    done = t.run('audit -f json {tmp}/sealed.pcap --keylog {tmp}/keys')
    lines = done.stderr.decode().splitlines()
    assert lines[0] == f'pcaudit: {t.tmp}/keys:1: the client random is 64 hexadecimal digits; the line is left out', lines
    assert len(lines) == 9 and lines[8] == f'pcaudit: {t.tmp}/keys: 10 malformed lines in all are left out', lines
    assert done.returncode == 4, done


def check_sensor(t):
    assert t.report(f'audit {SITE} -f json --sensor edge-tap {PASSING}')['tool']['sensor'] == 'edge-tap'
    assert t.report(f'audit {SITE} -f json {PASSING}')['tool']['sensor'] is None


def check_local_time(t):
    tokyo = {'TZ': 'Asia/Tokyo'}
    utc = t.run(f'audit {SITE} {PASSING}', env=tokyo).stdout
    local = t.run(f'audit {SITE} --local-time {PASSING}', env=tokyo).stdout
    first = time_of(t.report(f'audit {SITE} -f json {PASSING}')['capture']['first'])
    in_utc, in_tokyo = (time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(first // 10**9 + hours * 3600)).encode() for hours in (0, 9))
    assert in_utc in utc and in_utc not in local, (in_utc, utc, local)
    assert in_tokyo in local and in_tokyo not in utc, (in_tokyo, utc, local)
    json_utc = t.run(f'audit {SITE} -f json {PASSING}', env=tokyo).stdout
    assert json_utc == t.run(f'audit {SITE} -f json --local-time {PASSING}', env=tokyo).stdout


def check_same_input_same_bytes(t):
    for capture in (FAILING, 'pcaps'):
        for form in ('text', 'json', 'ndjson', 'ecs', 'eve', 'ocsf', 'cef'):
            line = f'audit {SITE} --flows=all -f {form} {capture}'
            first = t.run(line)
            assert first.stdout and first.stdout == t.run(line, env={'MALLOC_PERTURB_': '170'}).stdout, line
    done = t.run(f'audit {SITE} --flows=all -f text -o {{tmp}}/same.txt -f json {FAILING}')
    assert done.stdout == t.run(f'audit {SITE} --flows=all -f json {FAILING}').stdout
    assert (t.tmp / 'same.txt').read_bytes() == t.run(f'audit {SITE} --flows=all {FAILING}').stdout


def check_ndjson_lines(t):
    done = t.run(f'audit {SITE} -f ndjson --flows {FAILING}')
    lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
    report = t.report(f'audit {SITE} -f json --flows {FAILING}', 1)
    count = {}
    for line in lines:
        count[line['type']] = count.get(line['type'], 0) + 1
    assert count == {'run': 1, 'finding': len(report['findings']), 'coverage': len(report['coverage']),
                     'flow': len(report['flows'])}, count


def on_terminal(t, line, env):
    master, slave = pty.openpty()
    words = [t.program, *shlex.split(line)]
    child = subprocess.Popen(words, cwd=ROOT, env=dict(os.environ, TERM='xterm') | env, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    text = b''
    try:
        while part := os.read(master, 65536):
            text += part
    except OSError:  # the last writer is gone
        pass
    os.close(master)
    return text, child.wait()


def check_colours(t):
    for line in (f'audit {SITE} {FAILING}', f'audit {SITE} {PASSING}'):
        coloured, code = on_terminal(t, line, {'NO_COLOR': ''})
        plain, plain_code = on_terminal(t, line, {'NO_COLOR': '1'})
        assert b'\x1b[' in coloured and b'\x1b' not in plain and code == plain_code
        stripped = regex.sub(rb'\x1b\[[0-9;]*m', b'', coloured)
        assert stripped == plain, 'colours are the only difference'
        assert b'\x1b' not in t.run(line, env={'NO_COLOR': ''}).stdout, 'a pipe gets none'


def check_wire_text_cannot_move_a_cursor(t):
    """Text from a capture comes out escaped: a SIP User-Agent is made an escape sequence."""
    header, parts = records('pcaps/gateway-tcp.pcap')
    whole = header + b''.join(parts)
    name = regex.search(rb'(?:User-Agent|Server): ([^\r]{8,})\r', whole)
    if not name:
        name = regex.search(rb'(SIPp)', whole)
    evil = b'\x1b]0;x\x07'[:len(name[1])].ljust(len(name[1]), b'\x9b')
    (t.tmp / 'evil.pcap').write_bytes(whole.replace(name[1], evil))
    for line in (f'audit {SITE} --flows=all {{tmp}}/evil.pcap', f'audit {SITE} --flows=all -f json {{tmp}}/evil.pcap',
                 f'explain {SITE} --flow 3 {{tmp}}/evil.pcap'):
        done = t.run(line)
        assert done.stdout and not regex.search(rb'[\x00-\x08\x0b-\x1f\x7f]', done.stdout), line
        done.stdout.decode()  # and it is UTF-8


# ---- Running -------------------------------------------------------------------------------------


def mismatch(wanted, seen, what):
    if wanted is None:
        return []
    if isinstance(wanted, re):
        return [] if regex.search(wanted, seen, regex.S) else [f'{what} has no {wanted!r}: {seen[:600]!r}']
    return [] if seen == wanted else [f'{what} is {seen[:600]!r}, expected {wanted!r}']


def run_row(tester, line, code, err, out):
    done = tester.run(line)
    tmp = str(tester.tmp)
    seen_err = done.stderr.decode(errors='replace').replace(tmp, '{tmp}')
    seen_out = done.stdout.decode(errors='replace').replace(tmp, '{tmp}')
    wrong = [] if done.returncode == code else [f'exit code {done.returncode}, expected {code}: {seen_err[:600]!r}']
    return wrong + mismatch(err, seen_err, 'standard error') + mismatch(out, seen_out, 'standard output')


def run_check(tester, check):
    try:
        check(tester)
    except (AssertionError, KeyError, ValueError, subprocess.TimeoutExpired):
        return traceback.format_exc(limit=-1)[-1500:].splitlines()
    return []


def main(argv):
    program, only = str(pathlib.Path(argv[1]).resolve()), argv[2:]
    checks = {name[6:].replace('_', '-'): check for name, check in globals().items() if name.startswith('check_')}
    n, bad = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        tester = Tester(program, pathlib.Path(folder))
        make_files(tester.tmp)
        tests = [(name, lambda row=row: run_row(tester, *row)) for name, *row in ROWS]
        tests += [(name, lambda check=check: run_check(tester, check)) for name, check in checks.items()]
        assert len({name for name, _ in tests}) == len(tests), 'two cases of one name'
        for name, test in tests:
            if only and name not in only:
                continue
            wrong = test()
            n, bad = n + 1, bad + bool(wrong)
            if wrong:
                print(f'FAIL {name}')
                print('\n'.join('     ' + line for line in wrong))
    print(f'{n - bad} passed, {bad} failed')
    return 1 if bad or not n else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
