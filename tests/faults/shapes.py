"""The worst files that fit into the limit, each loaded in a process that may use little time and memory.

python -m tests.faults.shapes
"""

from __future__ import annotations

import resource
import sys

from goodword.program.loader import FILE_BYTES_MAX, ProgramError, load_program

CPU_SECONDS = 60
"""For all shapes together; a scan of the largest file in pure Python takes a second."""
MEMORY_BYTES = 1024 * 1024 * 1024
ROOM = FILE_BYTES_MAX - 100
LAUGHS = "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 12))

SHAPES = {
    "a list in a row": "a: [" + "1," * (ROOM // 2) + "1]",
    "a mapping in a row": "a: {" + ",".join(f"k{n}: 1" for n in range(ROOM // 12)) + "}",
    "a list": "a:\n" + "- 1\n" * (ROOM // 4),
    "keys": "".join(f"k{n}: 1\n" for n in range(ROOM // 11)),
    "unknown rewards": "rewards:\n" + "".join(f"  r{n}: {{a: 1}}\n" for n in range(ROOM // 18)),
    "a long text": "a: " + "x" * ROOM,
    "a long key": "x" * ROOM + ": 1",
    "a long quoted key": '"' + "x" * ROOM + '": 1',
    "a long unknown word": "rewards: {r: {to: " + "advocate" * (ROOM // 9) + "}}",
    "a long duration": "attribution: {window: '" + "1" * (ROOM - 10) + " days'}",
    "a long amount": "budgets: {a: {amount: '" + "1" * (ROOM - 10) + " USD'}}",
    "comments": "# c\n" * (ROOM // 4) + "a: 1",
    "lines": "\n" * ROOM + "a: 1",
    "a block of lines": "a: |\n" + " x\n" * (ROOM // 3),
    "folded lines": 'a: "' + "\n" * ROOM + '"',
    "a number": "priority: " + "9" * ROOM,
    "a number in base 16": "priority: 0x" + "f" * ROOM,
    "a key in base 16": "0x" + "f" * ROOM + ": 1",
    "a fraction": "priority: 0." + "1" * ROOM,
    "depth in a row": "a: " + "[" * ROOM,
    "depth of mappings": "a: " + "{a: " * (ROOM // 4),
    "depth of lists": "a:\n" + "- " * (ROOM // 2),
    "depth by indentation": "".join(" " * depth + "a:\n" for depth in range(700)),
    "a billion laughs": "l0: &l0 [lol]\n" + LAUGHS,
    "merged laughs": "a: &a {b: 1}\nc: {<<: [" + "*a, " * (ROOM // 5) + "*a]}",
    "questions": "? " * (ROOM // 2),
    "open quotes": "a: '" + "''" * (ROOM // 2),
}


def main() -> int:
    """Load all of them; how many were accepted."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    accepted = 0
    for name, text in SHAPES.items():
        try:
            load_program(f"goodword: 1\n{text}")
        except ProgramError:
            continue
        print(f"{name} was accepted")
        accepted += 1
    return accepted


if __name__ == "__main__":
    sys.exit(main())
