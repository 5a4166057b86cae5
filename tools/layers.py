#!/usr/bin/env python3
"""The include graph of src and include, held against the layers of src/README.md.

    tools/layers.py [ROOT]             draws it: which layer includes which, by how many files
    tools/layers.py --check [ROOT]     names every include that points upward or sideways; 1 if any

A layer may include itself and the rows below it, less what BLIND says. A library's headers are
included at its home only; a header nobody placed here is a violation too, so that a new library
is a decision and not an accident.
"""
import pathlib
import re
import sys

# Top row first. Layers of one row do not know each other.
ROWS = [['app'], ['report', 'sink'], ['audit'], ['detect'], ['crypto'], ['flow'], ['decode'], ['capture'], ['rules'],
        ['base']]
LAYERS = [layer for row in ROWS for layer in row]

# Rows below that a layer knows nothing of: packs are for those who judge, captures for those who
# read them, and a file does not care what it holds.
BLIND = {
    'report': {'decode', 'capture'},
    'sink': {'audit', 'detect', 'crypto', 'flow', 'decode', 'capture', 'rules'},
    'detect': {'rules'},
    'crypto': {'flow', 'decode', 'capture', 'rules'},
    'flow': {'rules'},
    'decode': {'rules'},
    'capture': {'rules'},
}

# A public header that bears another name than its layer.
HEADERS = {'reassembler': 'flow', 'doubles': 'decode', 'live': 'capture'}

# Where a library's headers may be included; app asks two of them for their versions.
VERSIONS = ('src/app/main_run.c', 'src/app/report_args.c')
HOMES = {
    'json-c/': ('src/report/', 'src/app/'),
    'pcap/': ('src/capture/', *VERSIONS),
    'openssl/': ('src/crypto/', *VERSIONS),
    'ndpi_api.h': ('src/detect/ndpi.c',),
    'yaml.h': ('src/rules/yaml.c',),
    'zlib.h': ('src/capture/unpack_gzip.c',),
    'zstd': ('src/capture/unpack_zstd.c',),
    'lz4': ('src/capture/unpack_lz4.c',),
    'lzma.h': ('src/capture/unpack_xz.c',),
    'config.h': ('src/app/',),
    'seccomp.h': ('src/app/sandbox.c',),
    'cap-ng.h': ('src/app/sandbox.c',),
    # The kernel's own.
    'linux/landlock.h': ('src/app/sandbox.c',),
    'linux/': ('src/capture/live_packet.c',),
    'net/': ('src/capture/live_packet.c',),
}

# The C library: everybody's.
LIBC = re.compile(r'(sys/\w+|arpa/inet|netinet/in|assert|ctype|dirent|errno|fcntl|inttypes|limits|math|poll|pwd|sched|signal|'
                  r'stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdio_ext|stdlib|string|strings|time|unistd)\.h')

INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.M)


def allowed(layer):
    row = next(i for i, row in enumerate(ROWS) if layer in row)
    below = {name for names in ROWS[row + 1:] for name in names}
    return {layer} | below - BLIND.get(layer, set())


def layer_of_public(name):
    """The layer of a header under include/pcaudit, named as in #include "pcaudit/..."; None: unknown."""
    first = name.removesuffix('.h').split('/')[0]
    first = HEADERS.get(first, first)
    return first if first in LAYERS else None


def layer_of_file(path):
    parts = path.split('/')
    if parts[0] == 'src':
        return parts[1] if parts[1] in LAYERS else None
    return layer_of_public('/'.join(parts[2:]))


def target(path, quote, header):
    """(layer, None) of an include, or (None, what is wrong with it)."""
    for prefix, homes in HOMES.items():
        if header.startswith(prefix):
            at_home = any(path == home or home.endswith('/') and path.startswith(home) for home in homes)
            return None, None if at_home else f'{header} is included in {", ".join(homes)} only'
    if quote == '<':
        return None, None if LIBC.fullmatch(header) else f'<{header}> has no home in tools/layers.py'
    if header.startswith('pcaudit/'):
        layer = layer_of_public(header.removeprefix('pcaudit/'))
        return layer, None if layer else f'"{header}" belongs to no layer'
    if '/' not in header:
        return layer_of_file(path), None
    layer = header.split('/')[0]
    if layer not in LAYERS:
        return None, f'"{header}" belongs to no layer'
    if layer != layer_of_file(path):
        return layer, f'"{header}" is private to src/{layer}'
    return layer, None


def scan(root):
    """All arrows as {(from, to): files}, and all violations as text."""
    arrows, wrong = {}, []
    files = sorted(path for folder in ('src', 'include') for path in (root / folder).rglob('*')
                   if path.suffix in ('.c', '.h', '.in'))
    for file in files:
        path = file.relative_to(root).as_posix()
        layer = layer_of_file(path)
        if not layer:
            wrong.append(f'{path}: belongs to no layer')
            continue
        text = file.read_text()
        for found in INCLUDE.finditer(text):
            line = text.count('\n', 0, found.start(2)) + 1
            other, problem = target(path, found[1], found[2])
            if not problem and other and other not in allowed(layer):
                problem = f'{layer} may not include {other} ("{found[2]}")'
            if problem:
                wrong.append(f'{path}:{line}: {problem}')
            if other and other != layer:
                arrows.setdefault((layer, other), set()).add(path)
    if not files:
        wrong.append(f'{root}: no source found')
    return arrows, wrong


def draw(arrows):
    width = max(map(len, LAYERS))
    for row in ROWS:
        for layer in row:
            to = [f'{other} ({len(arrows[layer, other])})' for other in LAYERS if (layer, other) in arrows]
            print(f'{layer:{width}}  {", ".join(to) or "-"}')


def main(argv):
    args = [arg for arg in argv[1:] if arg != '--check']
    if len(args) > 1 or args and args[0].startswith('-'):
        print(__doc__, end='', file=sys.stderr)
        return 2
    root = pathlib.Path(args[0]) if args else pathlib.Path(__file__).resolve().parent.parent
    arrows, wrong = scan(root)
    if '--check' not in argv:
        draw(arrows)
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
