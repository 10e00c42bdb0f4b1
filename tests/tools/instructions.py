#!/usr/bin/env python3
"""How many instructions an operation on a memory cache takes: counted, so that a busy machine cannot hide a
regression.

    instructions.py PROGRAM           compares with instructions.txt, and fails beyond a tenth more or less
    instructions.py PROGRAM --record  writes it anew: a change that is meant goes into the commit that makes it

PROGRAM is tools_instructions, as GCC 12 makes it with -O2. Needs valgrind.
"""
import re
import subprocess
import sys
from pathlib import Path

TABLE = Path(__file__).with_name("instructions.txt")
OPERATIONS = 20_000
TOLERANCE = 0.1
COUNTED = {"read": "count_get", "write": "count_put", "load": "count_put"}


def count(program, work, content):
    """For one operation."""
    said = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", f"--toggle-collect=*{COUNTED[work]}<*",
         program, work, content],
        check=True, capture_output=True, text=True, timeout=100).stderr
    return round(int(re.search(r"Collected : (\d+)", said).group(1)) / OPERATIONS)


def main():
    program = sys.argv[1]
    counts = {(work, content): count(program, work, content)
              for work in COUNTED for content in ("small", "large")}
    if "--record" in sys.argv:
        TABLE.write_text("".join(f"{work} {content} {now}\n" for (work, content), now in counts.items()))
        return 0
    recorded = {}
    for line in TABLE.read_text().splitlines():
        work, content, number = line.split()
        recorded[work, content] = int(number)
    wrong = [f"{work} {content}: {now} instructions, recorded are {recorded[work, content]}"
             for (work, content), now in counts.items()
             if abs(now - recorded[work, content]) > TOLERANCE * recorded[work, content]]
    print("\n".join(wrong) or "as recorded")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
