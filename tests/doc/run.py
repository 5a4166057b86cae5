#!/usr/bin/env python3
"""Is what is written still true? run.py PCAUDIT [--update]

Holds the man pages, README.md, src/README.md and the schemas against the program and the sources:
every command, option and word the program knows is explained, nothing is explained that it does
not know, examples run and end as stated, every file and function named exists. --update writes the
reports in README.md anew; read the difference.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MAN = ROOT / 'src' / 'man'
sys.dont_write_bytecode = True
sys.path[:0] = [str(MAN), str(ROOT / 'tools')]
import facts  # noqa: E402
import layers  # noqa: E402

ENV = dict(os.environ, PCAUDIT_RULES=str(ROOT / 'rules'), TZ='UTC', LC_ALL='C.UTF-8', NO_COLOR='1')


def program(*args):
    return subprocess.run([PCAUDIT, *args], cwd=ROOT, env=ENV, capture_output=True, text=True, timeout=100, check=False)


def page(name):
    return facts.fill(PCAUDIT, (MAN / name).read_text())


def section(text, heading):
    """What stands below a heading, up to the next of its depth or above."""
    level = len(heading) - len(heading.lstrip('#'))
    found = re.search(rf'^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)', text, re.M | re.S)
    assert found, f'no heading "{heading}"'
    return found[1]


def terms(text):
    """The words that are defined: bold at the start of a line that an indented line follows."""
    lines = re.findall(r'^(\*.*)\n\t', text, re.M)
    return {word.replace('\\', '') for line in lines for word in re.findall(r'\*([^*]+)\*', line)}


def differ(what, explained, known):
    return ([f'{what} "{word}" is not explained' for word in sorted(set(known) - set(explained))] +
            [f'{what} "{word}" is explained and does not exist' for word in sorted(set(explained) - set(known))])


def table_words(path, table):
    """The words of a C table of designated initialisers, each the first text of its entry."""
    source = (ROOT / path).read_text()
    found = re.search(rf'{re.escape(table)}\S* = \{{(.*?)\n\s*\}};', source, re.S)
    assert found, f'{path}: no table {table}'
    return re.findall(r'\[[\w -]+\] = (?:\{ )?"([^"]+)"', found[1])


# ---- Man pages -----------------------------------------------------------------------------------


def commands():
    return re.findall(r'^  (\w+) ', program('--help').stdout, re.M)


def options_of(command):
    """As the manual should define them: '-s, --site SITE'."""
    text = program(command, '--help').stdout
    rows = re.findall(r'^  (?:(-\w), |    )(--[\w-]+)(?: ([A-Z]+(?:\[=[A-Z]+\])?))?(\[=\w+\])? +\S', text, re.M)
    return {f'{letter + ", " if letter else ""}{name}{" " + value if value else ""}{optional}'
            for letter, name, value, optional in rows}


def check_commands_and_options():
    text, wrong = page('pcaudit.1.scd'), []
    wrong += differ('command', re.findall(r'^## pcaudit (\w+)', text, re.M), commands())
    synopsis = section(text, '# SYNOPSIS')
    wrong += [f'command "{name}" is not in the synopsis' for name in commands() if f'*{name}*' not in synopsis.replace('pcaudit ', '*')]
    for command in commands():
        part = section(text, f'## pcaudit {command}')
        lines = re.findall(r'^(\*-.*)\n\t', part, re.M)
        defined = {re.sub(r'[*_]', '', line) for line in lines}
        assert options_of(command), f'no options read from pcaudit {command} --help'
        wrong += differ(f'pcaudit {command}', defined, options_of(command))
    return wrong


def check_no_option_that_does_not_exist():
    known = {'--help', '--version'}
    for command in commands():
        known |= set(re.findall(r'--[a-z][a-z-]*', program(command, '--help').stdout))
    wrong = []
    for path in [*MAN.glob('*.scd'), ROOT / 'README.md', ROOT / 'rules' / 'README.md']:
        for line in path.read_text().splitlines():
            if 'meson' in line or 'tools/' in line:
                continue
            wrong += [f'{path.name}: {option}' for option in re.findall(r'(?<![\w-])--[a-z][a-z-]*', line) if option not in known]
    return wrong


def check_words_of_the_report():
    report = json.loads(program('audit', '-f', 'json', 'pcaps/fed-sip-mtls.pcap').stdout)['summary']
    text = page('pcaudit.1.scd')
    kinds = section(text, '# KINDS OF FINDING')
    wrong = differ('flow verdict', terms(section(text, '## Of a flow')), report['flows'])
    wrong += differ('report verdict', terms(section(text, '## Of the report')),
                    table_words('src/audit/words.c', 'report_verdict_words'))
    wrong += differ('kind', terms(re.split('^## ', kinds, flags=re.M)[0]), report['findings_by_kind'])
    wrong += differ('severity', set(re.findall(r'^\*(\w+)\*$', section(text, '## Severity'), re.M)), report['findings_by_severity'])
    wrong += differ('note', terms(section(text, '## Notes')), table_words('src/audit/words.c', 'notes'))
    wrong += differ('evidence', terms(section(text, '# EVIDENCE')), report['compliant_by_evidence'])
    wrong += differ('reason', terms(section(text, '# REASONS')), report['unjudged_by_reason'])
    wrong += differ('coverage', terms(section(text, '# COVERAGE')), report['rules_by_coverage'])
    exits = re.findall(r'APP_\w+ = (\d)', (ROOT / 'src/app/app.h').read_text())
    return wrong + differ('exit code', terms(section(text, '# EXIT STATUS')), exits)


def check_words_of_a_flow():
    flow = section(page('pcaudit-report.5.scd'), '## A flow')
    wrong = []
    for term, path, table in (('direction', 'src/flow/state.c', 'words'), ('protocol', 'src/base/words.c', 'protocol_words'),
                              ('security', 'src/base/words.c', 'security_words')):
        part = re.search(rf'^\*{term}\*\n(.*?)\n\n', flow, re.M | re.S)[1]
        known = set(table_words(path, table)) - {'other'}  # other is never printed: nDPI's name is
        wrong += differ(term, re.findall(r'\*([\w-]+)\*', part), known)
    states = (ROOT / 'src/flow/state.c').read_text().split('flow_state_word')[1]
    part = re.search(r'^\*state\*\n(.*?)\n\n', flow, re.M | re.S)[1]
    return wrong + differ('state', set(re.findall(r'\*([\w-]+)\*', part)) - {'pcaudit'}, re.findall(r'\[FLOW_\w+\] = "([\w-]+)"', states))


def check_words_of_a_rule():
    rule = section(page('pcaudit-rules.5.scd'), '## A rule')
    families = [family['name'] for family in json.loads(program('facts', '-f', 'json').stdout)['families']]
    wrong = []
    for term, known in (('protocol', families), ('security', table_words('src/base/words.c', 'security_rule_word_list')),
                        ('need', re.findall(r'\[NEED_\w+\] = "(\w+)"', (ROOT / 'src/rules/words.c').read_text()))):
        part = re.search(rf'^\*{term}\*\n(.*?)\n\n', rule, re.M | re.S)[1]
        wrong += differ(term, re.findall(r'\*([\w-]+)\*', part), known)
    return wrong


def check_facts():
    catalogue = json.loads(program('facts', '-f', 'json').stdout)
    known = [fact['name'] for fact in catalogue['facts']]
    for detector in catalogue['detectors']:
        known += [fact['name'] for fact in detector['facts']]
    assert len(known) > 20, known
    return differ('fact', terms(section(page('pcaudit-report.5.scd'), '# FACTS')), known)


def schema_keys(value):
    if isinstance(value, dict):
        if isinstance(value.get('properties'), dict):
            yield from value['properties']
        for part in value.values():
            yield from schema_keys(part)
    elif isinstance(value, list):
        for part in value:
            yield from schema_keys(part)


def check_keys_of_the_schemas():
    pages = {'pack': page('pcaudit-rules.5.scd'), 'site': page('pcaudit-rules.5.scd'),
             'report': page('pcaudit-report.5.scd') + page('pcaudit.1.scd')}
    wrong = []
    for name, text in pages.items():
        text = text.replace('\\', '')
        keys = set(schema_keys(json.loads((ROOT / 'rules' / f'{name}.schema.json').read_text())))
        assert len(keys) > 10, name
        wrong += [f'{name}: key "{key}" is not explained' for key in sorted(keys) if f'*{key}*' not in text]
    return wrong


def schema_paths(value, definitions, path=''):
    """Dotted names of what a schema's objects hold, lists being no step; not what other schemas explain."""
    if '$ref' in value:
        name = value['$ref'].split('/')[-1]
        if value['$ref'].startswith('#'):
            yield from schema_paths(definitions[name], definitions, path)
        return
    for part in value.get('anyOf', []):
        yield from schema_paths(part, definitions, path)
    if 'items' in value:
        yield from schema_paths(value['items'], definitions, path)
    for key, part in value.get('properties', {}).items():
        inner = [] if key == 'unmapped' else list(schema_paths(part, definitions, f'{path}{key}.')) if part else []
        yield from inner or [f'{path}{key}']


def check_fields_of_the_formats():
    """Each field that a schema of a collector's format has, and each key of CEF, is explained."""
    wrong, text = [], page('pcaudit-formats.5.scd').replace('\\', '')
    for name in ('ecs', 'eve', 'ocsf'):
        schema = json.loads((ROOT / 'rules' / f'{name}.schema.json').read_text())
        part = section(text, f'# {name.upper()}')
        paths = set(schema_paths(schema, schema['$defs']))
        for definition in ('compliance_finding', 'network_activity', 'scan_activity'):
            paths |= set(schema_paths(schema['$defs'].get(definition, {}), schema['$defs']))
        assert len(paths) > 30, paths
        # What is ours stands there as in NDJSON; an example of a finding as its flow does.
        paths = {re.sub(r'^(pcaudit\.\w+|evidences\.\w+)\..*', r'\1', path) for path in paths}
        explained = set(re.findall(r'\*([\w.@]+)\*', part))
        wrong += [f'{name}: field "{path}" is not explained' for path in sorted(paths - explained)]
        known = paths | {'pcaudit', 'alert', 'flow', 'stats', 'examples', 'src_roles', 'dst_roles', 'ja4', 'file', 'Field', 'Holds'}
        wrong += [f'{name}: field "{path}" is explained and does not exist' for path in sorted(explained - known)]
    keys = re.findall(r'put_(?:text|number|time|labelled|labelled_number)\(cef, "(\w+)"', (ROOT / 'src/report/cef.c').read_text())
    keys += ['src', 'dst', 'spt', 'dpt', 'shost', 'dhost', 'c6a2', 'c6a3']
    assert len(set(keys)) > 20, keys
    explained = set(re.findall(r'\*(\w+)\*', section(text, '# CEF'))) - {'Key', 'Holds'}
    return wrong + differ('CEF key', explained, keys)


def example_folder(folder):
    """The files that the examples name, and pcaudit on the path."""
    (folder / 'bin').mkdir()
    (folder / 'bin' / 'pcaudit').symlink_to(PCAUDIT)
    shutil.copy(ROOT / 'rules/contoso.yaml', folder / 'site.yaml')
    for name, capture in (('monday', 'fed-sip-mtls.pcap'), ('tuesday', 'feature-off.pcap'), ('thursday', 'missing.pcapng')):
        shutil.copy(ROOT / 'pcaps' / capture, folder / f'{name}.pcap')
    (folder / 'growing.pcap').write_bytes((ROOT / 'pcaps/fed-sip-mtls.pcap').read_bytes()[:-7])
    (folder / 'captures').mkdir()
    for path in (ROOT / 'pcaps').iterdir():
        shutil.copy(path, folder / 'captures')


def check_examples():
    """Each block marked '; exit N' runs and its last command ends so; '; site' is a good site."""
    wrong, n = [], 0
    for path in sorted(MAN.glob('*.scd')):
        text = path.read_text()
        marked = re.findall(r'^; (exit \d|site)\n```\n(.*?)```\n', text, re.M | re.S)
        if len(marked) != text.count('```') // 2:
            wrong.append(f'{path.name}: an example is not marked, so nobody runs it')
        for mark, block in marked:
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name)
                example_folder(folder)
                if mark == 'site':
                    (folder / 'example.yaml').write_text(block)
                    script, code = 'pcaudit site check example.yaml', 0
                else:
                    script, code = re.sub(r'^\$ ', '', block, flags=re.M), int(mark[-1])
                env = dict(ENV, PATH=f'{folder}/bin:{ENV["PATH"]}')
                done = subprocess.run(['bash', '-c', script], cwd=folder, env=env, capture_output=True, text=True, timeout=100,
                                      check=False)
                n += 1
                if done.returncode != code:
                    wrong.append(f'{path.name}: exit code {done.returncode}, not {code}: {script}{done.stderr}')
    assert n >= 5, 'the examples are gone'
    return wrong


def check_pages_are_built():
    built = (MAN / 'meson.build').read_text()
    return [f'{path.name} is not in src/man/meson.build' for path in MAN.glob('*.scd') if f"'{path.stem}'" not in built]


# ---- README.md -----------------------------------------------------------------------------------


def check_readme_commands():
    text, wrong = (ROOT / 'README.md').read_text(), []
    blocks = '\n'.join(re.findall(r'^```\w*\n(.*?)^```', text, re.M | re.S)) + '\n'.join(re.findall(r'^ {4}(\S.*)', text, re.M))
    run = re.findall(r'(?:^|\s)(?:\./)?(tools/[\w./-]+)', blocks, re.M)
    if list(dict.fromkeys(run)) != ['tools/try', 'tools/test']:
        wrong.append(f'the commands to run first are tools/try and tools/test, README has {run}')
    for path in ('tools/try', 'tools/test'):
        if not os.access(ROOT / path, os.X_OK):
            wrong.append(f'{path} cannot be run')
    if 'src/app/pipeline.c' not in text.splitlines()[2]:
        wrong.append('the third line of README.md does not say where to start reading')
    return wrong


REPORT = re.compile(r'(?<=^```\n)\$ pcaudit ([^\n]*)\n((?:(?!```)[^\n]*\n)*?)(\.\.\.\n)?(?=^```$)', re.M | re.S)


def report_lines(args):
    return [line.rstrip() for line in program(*args.split()).stdout.splitlines()]


def check_readme_report():
    """A report that README shows is what its command prints, or as much of it as stands before '...'."""
    blocks = REPORT.findall((ROOT / 'README.md').read_text())
    assert blocks, 'README.md shows no report'
    wrong = []
    for args, shown, dots in blocks:
        seen, shown = report_lines(args), shown.splitlines()
        seen = seen[:len(shown)] if dots else seen
        wrong += [f'pcaudit {args} prints "{a}", README.md has "{b}"' for a, b in zip(seen, shown) if a != b][:3]
        if len(seen) != len(shown):
            wrong.append(f'pcaudit {args} prints {len(seen)} lines, README.md has {len(shown)}')
    return wrong


def update_readme():
    """Writes the reports anew, each as long as it was; 20 lines if there were none."""
    def anew(found):
        n = len(found[2].splitlines()) or 20
        return '\n'.join([f'$ pcaudit {found[1]}', *report_lines(found[1])[:n], '...', ''])
    path = ROOT / 'README.md'
    path.write_text(REPORT.sub(anew, path.read_text()))


def check_sites_in_the_readmes():
    """Every YAML block that begins with a site or a pack is a good one."""
    wrong, n = [], 0
    for name in ('README.md', 'rules/README.md'):
        for block in re.findall(r'^```yaml\n((?:site|pack):.*?)^```', (ROOT / name).read_text(), re.M | re.S):
            command = 'site' if block.startswith('site:') else 'rules'
            with tempfile.NamedTemporaryFile('w', suffix='.yaml') as file:
                file.write(block)
                file.flush()
                done = program(command, 'check', file.name)
            n += 1
            if done.returncode:
                wrong.append(f'{name}: {done.stderr}')
    return wrong + ([] if n >= 2 else ['the examples are gone'])


# ---- Names of files and functions ----------------------------------------------------------------


def sources():
    return ''.join(path.read_text() for folder in ('src', 'include') for path in sorted((ROOT / folder).rglob('*'))
                   if path.suffix in ('.c', '.h'))


def check_names_in_the_readmes():
    """Each `path` exists, from the top or from src; each `function()` and `struct x` is declared."""
    wrong, code = [], sources()
    for name in ('README.md', 'src/README.md', 'tools/lab/README.md', 'rules/README.md'):
        text = (ROOT / name).read_text()
        for word in re.findall(r'`([^`\n]+)`', text) + re.findall(r'\]\(([\w./-]+)\)', text):
            function = re.fullmatch(r'(\w+)\(\)', word)
            struct = re.fullmatch(r'struct (\w+)', word)
            is_path = re.fullmatch(r'[\w.-]+(/[\w.@+-]+)+/?|[\w-]+\.(c|h|md|py|yaml|csv|json|build|sh)', word)
            if function and word != 'exit()' and not re.search(rf'\b{function[1]}\(', code):
                wrong.append(f'{name}: no function {word}')
            if struct and not re.search(rf'\bstruct {struct[1]}\b', code):
                wrong.append(f'{name}: no {word}')
            if is_path and not re.search('NAME|LAYER', word) and word != 'truth.md' and not any(
                    (base / word).exists() for base in (ROOT, ROOT / 'src', (ROOT / name).parent, ROOT / 'include/pcaudit')):
                wrong.append(f'{name}: no file {word}')
    return wrong


# ---- Layers --------------------------------------------------------------------------------------


def check_layers():
    return layers.scan(ROOT)[1]


def check_layers_can_fail():
    """Each kind of violation, one file each."""
    bad = {
        'src/flow/a.c': '#include "pcaudit/detect.h"\n',
        'src/detect/b.c': '\n#include "pcaudit/rules.h"\n',
        'src/rules/c.c': '#  include <json-c/json.h>\n',
        'src/detect/d.c': '#include "flow/priv.h"\n',
        'src/capture/e.c': '#include <curl/curl.h>\n',
        'src/sink/f.c': '#include "pcaudit/report.h"\n',
        'include/pcaudit/base/g.h': '#include "pcaudit/decode.h"\n',
        'src/stray/h.c': '\n',
    }
    good = {'src/audit/i.c': '#include "pcaudit/detect.h"\n#include "priv.h"\n#include <errno.h>\n',
            'src/detect/ndpi.c': '#include <ndpi_api.h>\n', 'src/app/j.c': '#include "report/priv.h"\n'[:0]}
    with tempfile.TemporaryDirectory() as name:
        for path, text in {**bad, **good}.items():
            (pathlib.Path(name) / path).parent.mkdir(parents=True, exist_ok=True)
            (pathlib.Path(name) / path).write_text(text)
        found = {line.split(':')[0] for line in layers.scan(pathlib.Path(name))[1]}
        done = subprocess.run([ROOT / 'tools/layers.py', '--check', name], capture_output=True, text=True, check=False)
    wrong = [f'{path} is not found to be wrong' for path in bad if path not in found]
    wrong += [f'{path} is found to be wrong' for path in good if path in found]
    return wrong + ([] if done.returncode == 1 and 'src/flow/a.c:1: ' in done.stdout else [f'--check ends with {done.returncode}'])


def main(argv):
    global PCAUDIT
    PCAUDIT = str(pathlib.Path(argv[1]).resolve())
    if '--update' in argv:
        update_readme()
    checks = {name[6:].replace('_', ' '): check for name, check in globals().items() if name.startswith('check_')}
    bad = 0
    for name, check in checks.items():
        try:
            wrong = check()
        except (AssertionError, KeyError, TypeError, ValueError, FileNotFoundError) as error:
            wrong = [f'{type(error).__name__}: {error}']
        bad += bool(wrong)
        print(f'{"FAIL" if wrong else "ok  "} {name}')
        for line in wrong:
            print('     ' + line)
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
