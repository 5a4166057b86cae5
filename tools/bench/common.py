"""What run and grow share: making captures, running a program and measuring it."""

import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PACK = os.path.join(ROOT, 'rules', 'lync-server-2013.yaml')


def fail(text):
    sys.exit(f'{os.path.basename(sys.argv[0])}: {text}')


def build(folder):
    """The three programs of a build folder, built if they are not up to date."""
    targets = ['src/pcaudit', 'tools/bench/generate', 'tools/bench/loop']
    r = subprocess.run(['ninja', '-C', folder] + targets, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if r.returncode:
        fail(f'{folder}: not a build folder that builds {" ".join(targets)}\n{r.stdout[-2000:]}')
    options = json.loads(subprocess.run(['meson', 'introspect', '--buildoptions', folder],
                                        stdout=subprocess.PIPE, text=True).stdout or '[]')
    values = {o['name']: o['value'] for o in options}
    if values.get('optimization') not in ('2', '3') or values.get('b_sanitize', 'none') != 'none':
        print(f'{folder} is not an optimised build: meson setup --buildtype=release', file=sys.stderr)
    return [os.path.join(os.path.abspath(folder), t) for t in targets]


def generate(generator, path, flows, *options):
    """Makes a capture unless it is there; what is in it, as the generator says."""
    said, asked = path + '.json', ['--root', ROOT, '--flows', str(flows)] + [str(o) for o in options]
    if os.path.exists(said):
        with open(said) as f:
            known = json.load(f)
        if known['asked'] == asked and os.path.getsize(path) == known['size']:
            return known
    out = subprocess.run([generator] + asked + [path], stdout=subprocess.PIPE, check=True, text=True).stdout
    known = dict(json.loads(out), asked=asked, size=os.path.getsize(path), path=path)
    with open(said, 'w') as f:
        json.dump(known, f)
    return known


def audit(pcaudit, capture, site=None, report='/dev/null', packs=(PACK,), more=()):
    command = [pcaudit, 'audit', '-s', site or capture + '.site.yaml', '-f', 'json', '-o', report]
    for pack in packs:
        command += ['-p', pack]
    return command + list(more) + [capture]


def measure(command, good=(0,)):
    """Wall and processor seconds, peak memory in bytes. Output is thrown away."""
    with tempfile.TemporaryFile() as said:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = code = os.waitstatus_to_exitcode(status)
        if code not in good:
            said.seek(0)
            fail(f'{" ".join(command)}: exit {code}: {said.read().decode(errors="replace")[-500:].strip()}')
    return {'wall': wall, 'cpu': usage.ru_utime + usage.ru_stime, 'peak': usage.ru_maxrss * 1024}


AUDITED = (0, 1, 4)  # what pcaudit answers when it could do the job
