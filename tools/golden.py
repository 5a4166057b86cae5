#!/usr/bin/env python3
"""Golden cases: what a user sees for a capture, held against files a person has checked.

    tools/golden.py run PCAUDIT [CASE...]      compare every case, whole output
    tools/golden.py truth PCAUDIT [CASE...]    compare with truth.md, which was written from tshark
    tools/golden.py update PCAUDIT CASE...     write a case's expectation anew; read the diff

A case is a folder of tests/golden: args (the command line), expected.json or expected.txt (its
output; versions and digests of the machine and of edited files are blanked), exit (its exit code),
truth.md and README.md.
"""
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import truth  # noqa: E402
from truth import CASES, ROOT  # noqa: E402

BLANKED = re.compile(r'("(?:version|libpcap|ndpi|json_c|openssl|sandbox|sha256)": ?)"[^"]*"')


def run(pcaudit, case):
    """Output and exit code of a case's command line."""
    done = subprocess.run([pcaudit, *truth.arguments(case)], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode not in (0, 1, 4) and not (CASES / case / 'exit').exists():
        print(done.stderr, end='')
    return done.stdout, done.returncode


def blank(text):
    return re.sub(r'(?m)^(CEF:0\|pcaudit\|pcaudit\|)[^|]*', r'\1...', BLANKED.sub(r'\1"..."', text))


def expectation(case):
    for suffix in ('json', 'txt'):
        path = CASES / case / f'expected.{suffix}'
        if path.exists():
            return path
    is_json = '-f json' in ' '.join(truth.arguments(case))
    return CASES / case / ('expected.json' if is_json else 'expected.txt')


def compare(pcaudit, case):
    """Differences as lines; empty if there are none."""
    output, code = run(pcaudit, case)
    path = expectation(case)
    if not path.exists():
        return [f'{path.name} is missing: read the output, then tools/golden.py update']
    wrong = []
    wanted = path.read_text()
    if blank(output) != wanted:
        import difflib
        diff = difflib.unified_diff(wanted.splitlines(), blank(output).splitlines(), 'expected', 'seen', lineterm='', n=1)
        wrong += [line[:300] for line in list(diff)[:40]]
    wanted_code = int((CASES / case / 'exit').read_text())
    if code != wanted_code:
        wrong.append(f'exit code {code}, expected {wanted_code}')
    return wrong


def update(pcaudit, case):
    output, code = run(pcaudit, case)
    expectation(case).write_text(blank(output))
    (CASES / case / 'exit').write_text(f'{code}\n')


# ---- Truth -------------------------------------------------------------------------------------


def endpoint(end):
    ip = f"[{end['ip']}]" if ':' in end['ip'] else end['ip']
    return f"{ip}:{end['port']}" if end.get('port') else end['ip']


def same_endpoint(said, seen):
    bare = said.replace('[', '').replace(']', '')
    return bare == seen.replace('[', '').replace(']', '')


def check_flow(row, flow):
    """What the truth states of one flow and the program says otherwise."""
    wrong = []
    seen = {'verdict': flow['verdict'], 'kind': flow.get('kind') or '', 'rule': flow.get('rule') or '',
            'transport': flow['transport'], 'protocol': flow['protocol'], 'security': flow['security']}
    for column, value in seen.items():
        said = truth.words(row, column)
        if said is not None and value not in said:
            wrong.append(f'{column} is {value or "none"}, the truth says {" / ".join(said) or "none"}')
    for column, end in (('opener', 'src'), ('responder', 'dst')):
        if row.get(column) and not same_endpoint(row[column], endpoint(flow[end])):
            wrong.append(f'{column} is {endpoint(flow[end])}, the truth says {row[column]}')
    if row.get('evidence'):
        words = [word.strip() for word in row['evidence'].split('/')] + ['']
        for word, key in zip(words, ('evidence', 'security_evidence')):
            if word and flow['verdict'] == 'compliant' and flow[key] != word:
                wrong.append(f'{key} is {flow[key]}, the truth says {word}')
    return wrong


def check_truth(pcaudit, case):
    text = truth.text(case)
    if not truth.has_flows(case):
        return check_named(text)
    report, code = truth.audit(pcaudit, truth.arguments(case))
    flows = {flow['id']: flow for flow in report['flows']}
    wrong = []
    rows = truth.table(text, 'Flows')
    for row in rows:
        flow = flows.get(row['id'])
        if not flow:
            wrong.append(f"flow {row['id']} is not in the report")
            continue
        wrong += [f"flow {row['id']}: {line}" for line in check_flow(row, flow)]
    said = {row['id'] for row in rows}
    for flow in report['flows']:
        if flow['id'] not in said and flow['verdict'] != 'out-of-scope':
            wrong.append(f"flow {flow['id']} is {flow['verdict']}, the truth does not know it")
    wrong += check_findings(truth.table(text, 'Findings'), report)
    verdict = re.search(r'Verdict `(\w+)` \(exit (\d)\)', text)
    if verdict and (report['summary']['verdict'], str(code)) != verdict.groups():
        wrong.append(f"verdict {report['summary']['verdict']} exit {code}, the truth says {verdict.groups()}")
    return wrong


def check_named(text):
    """A case of form only says in its truth which case holds the facts."""
    return [] if 'truth.md' in text else ['truth.md does not say where the facts are']


def check_findings(rows, report):
    """Every finding the truth lists is there, and no other but notes and missing hosts."""
    wrong = []
    seen = [(f['kind'], f['severity'], f['rule'] or '', {e['id'] for e in f['examples']}) for f in report['findings']]
    used = set()
    for row in rows:
        rules = [word.strip().replace('(none)', '') for word in row.get('rule', '').split('/')]
        flow = row.get('flow', '').strip()
        match = [i for i, (kind, severity, rule, ids) in enumerate(seen)
                 if kind == row['kind'] and severity == row['severity'] and rule in rules
                 and (not flow or set(re.findall(r'\d+:\d+', flow)) & ids)]
        used.update(match)
        if not match:
            wrong.append(f"no finding {row['kind']} {row['severity']} {row.get('rule', '')} {flow}")
    for i, (kind, severity, rule, ids) in enumerate(seen):
        if i not in used and kind != 'note' and (kind, rule) != ('missing', ''):
            wrong.append(f'finding {kind} {severity} {rule} {sorted(ids)}: the truth does not know it')
    return wrong


def main(argv):
    if len(argv) < 3 or argv[1] not in ('run', 'truth', 'update') or (argv[1] == 'update' and len(argv) < 4):
        print(__doc__, end='')
        return 2
    cases = argv[3:] or sorted(path.parent.name for path in CASES.glob('*/args'))
    if argv[1] == 'update':
        for case in cases:
            update(argv[2], case)
        return 0
    failed = 0
    for case in cases:
        if argv[1] == 'truth' and not (CASES / case / 'truth.md').exists():
            continue
        wrong = (compare if argv[1] == 'run' else check_truth)(argv[2], case)
        failed += bool(wrong)
        print(f"{'FAIL' if wrong else 'ok  '} {case}")
        for line in wrong:
            print('    ' + line)
    print(f'{len(cases) - failed} passed, {failed} failed')
    return 1 if failed or not cases else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
