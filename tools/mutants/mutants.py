#!/usr/bin/env python3
"""
Damages the first pack in small ways, one at a time, and counts how many of the damaged packs the
table of cases (tests/unit/test_audit_rules.c with tests/audit/rules.tsv) tells from the true one.
A mutant that no case tells apart survives: either a case is missing, or the damage changes nothing.

The mutants are drawn in an order that depends on nothing but SEED. A mutant that the loader itself
refuses (a rule that can never be kept, two rules that say the same) is no mutant: another is drawn.
tests/rules/test_pack_rows.py, which holds the pack against the printed rows, plays no part here.

	mutants.py TEST [-n COUNT] [-v]
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACK = ROOT / "rules/lync-server-2013.yaml"
SEED = 2013

FAMILIES = ["any", "sip", "xmpp", "stun", "rtp", "https", "http", "psom", "dce-rpc", "smb", "ssrp", "tds",
            "dhcp", "dns", "file-transfer", "app-sharing"]


def read_rules(lines):
    """(id, first line, end) of each rule, and the ids of roles that are no sets."""
    start = lines.index("rules:")
    heads = [i for i in range(start, len(lines)) if lines[i].startswith("  - id: ")]
    ends = heads[1:] + [len(lines)]
    rules = [(lines[h].split(": ")[1], h, e) for h, e in zip(heads, ends)]
    roles = [m[1] for line in lines[:start] if (m := re.match(r"  - \{id: ([a-z0-9-]+), kind:", line))]
    return rules, roles


def find(lines, rule, key):
    """The line of a rule that holds this key, or None."""
    for i in range(rule[1], rule[2]):
        if re.match(rf"    {key}: ", lines[i]):
            return i
    return None


def value(line):
    return line.split(": ", 1)[1]


def with_value(line, new):
    return line.split(": ", 1)[0] + ": " + new


def first_port(text):
    return int(re.search(r"\d+", text)[0])


def port(rng, text, roles):
    """Another port: a neighbour, or one from elsewhere."""
    n = first_port(text)
    return str(rng.choice([n - 1, n + 1, rng.randint(1024, 65535)]))


def port_range(rng, text, roles):
    """A range in place of a port, or one end of a range moved by one."""
    numbers = [int(n) for n in re.findall(r"\d+", text)]
    first, last = numbers[0], numbers[-1]
    if first == last:
        last = first + rng.choice([1, 2, 10])
    else:
        first, last = rng.choice([(first - 1, last), (first + 1, last), (first, last - 1), (first, last + 1)])
    return f"{first}-{last}" if last < 65536 else None


def role(rng, text, roles):
    """One role becomes another; a set becomes a role."""
    if not text.startswith("["):
        return f"[{rng.choice(roles)}]"
    named = text[1:-1].split(", ")
    at = rng.randrange(len(named))
    others = [r for r in roles if r not in named]
    named[at] = rng.choice(others)
    return "[" + ", ".join(named) + "]"


def role_any(rng, text, roles):
    return "any" if text.startswith("[") else None


def role_more(rng, text, roles):
    """A role is added: a widening."""
    if not text.startswith("["):
        return None
    named = text[1:-1].split(", ")
    return "[" + ", ".join(named + [rng.choice([r for r in roles if r not in named])]) + "]"


def transport(rng, text, roles):
    return rng.choice([t for t in ("tcp", "udp", "tcp+udp") if t != text])


def protocol(rng, text, roles):
    return rng.choice([f for f in FAMILIES if f != text])


def protocol_any(rng, text, roles):
    return "any" if text != "any" else None


def security(rng, text, roles):
    """One step weaker."""
    return {"mtls": "tls", "tls": "unspecified"}.get(text)


def security_stronger(rng, text, roles):
    return {"tls": "mtls", "unspecified": "tls"}.get(text)


OPERATORS = [
    ("port", "ports", port),
    ("port to range", "ports", port_range),
    ("role", "from", role),
    ("role", "to", role),
    ("role to any", "from", role_any),
    ("role to any", "to", role_any),
    ("one more role", "from", role_more),
    ("one more role", "to", role_more),
    ("transport", "transport", transport),
    ("protocol", "protocol", protocol),
    ("protocol to any", "protocol", protocol_any),
    ("weaker protection", "security", security),
    ("stronger protection", "security", security_stronger),
]


def mutants(lines):
    """All of them, in one fixed order: (name, damaged lines)."""
    rng = random.Random(SEED)
    rules, roles = read_rules(lines)
    every = [(rule, op) for rule in rules for op in OPERATORS]
    rng.shuffle(every)
    for rule, (what, key, operator) in every:
        at = find(lines, rule, key)
        new = operator(rng, value(lines[at]), roles) if at is not None else None
        if new is None or new == value(lines[at]):
            continue
        damaged = list(lines)
        damaged[at] = with_value(lines[at], new)
        yield f"{rule[0]}: {what}: {key} {value(lines[at])} -> {new}", damaged


def run(test, path):
    """killed, survived, or invalid when the loader refuses the pack."""
    env = dict(os.environ, PCAUDIT_TEST_PACK=str(path))
    done = subprocess.run([test, "--filter", "rules/first_pack*"], cwd=ROOT, env=env, capture_output=True, text=True)
    text = done.stdout + done.stderr
    if done.returncode == 0:
        return "survived", text
    if "cases differ" in text or "is never" in text:
        return "killed", text
    return "invalid", text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("test", help="the built test_audit_rules")
    parser.add_argument("-n", type=int, default=100, help="how many mutants (100)")
    parser.add_argument("-v", action="store_true", help="name the killed and the refused ones too")
    args = parser.parse_args()
    test = str(Path(args.test).resolve())
    lines = PACK.read_text(encoding="utf-8").split("\n")
    counts = {"killed": 0, "survived": 0, "invalid": 0}
    if run(test, PACK)[0] != "survived":
        sys.exit("the true pack does not pass its own table of cases")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.yaml"
        for name, damaged in mutants(lines):
            path.write_text("\n".join(damaged), encoding="utf-8")
            result, text = run(test, path)
            counts[result] += 1
            if result == "survived" or args.v:
                print(f"{result:9} {name}", flush=True)
            if args.v and result == "invalid":
                print(re.sub(r"\x1b\[[0-9;]*m", "", text)[:400])
            if counts["killed"] + counts["survived"] == args.n:
                break
    done = counts["killed"] + counts["survived"]
    print(f"{counts['killed']} of {done} mutants killed, {counts['survived']} survive "
          f"({counts['invalid']} drawn that no pack may say)")
    sys.exit(0 if counts["killed"] * 100 >= done * 95 else 1)


if __name__ == "__main__":
    main()
