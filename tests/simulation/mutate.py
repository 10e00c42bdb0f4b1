#!/usr/bin/env python3
"""Writes the copies of our sources in which a test can break a rule of the protocol.

    mutate.py copy MUTATIONS SOURCE COPY     a copy of SOURCE with all mutants of the file MUTATIONS
    mutate.py list FOLDER HEADER ROOT...     the C++ header that names the rules of all files below FOLDER,
                                             whose sources are below one of the roots

A file of mutations is called as its source, and `.mutations`. A mutant is the source without one rule:

    rule two_loads_of_a_key
    why R3b: further readers wait for a load that has not begun
    by storm terrible
    in Flights::join
    - slot.active.size() < active_max
    + true

`by` is what catches it: the storm of a scenario, or a `script` of a test. `in` is needed where the text stands in
more than one function. A text must be there exactly once; white space in it does not count. A text that ends with `;` or
`}` is replaced as statements, by any statements or by nothing, and any other one as an expression. A blank line
ends a replacement, and a rule may have several. Every mutant of a file is in the one copy: at run time
tests/support/broken_rule.hpp says which one it is.
"""
import argparse
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
SUFFIX = ".mutations"


class Mistake(Exception):
    """Says where, and what to do."""


@dataclass
class Patch:
    line: int
    function: str = ""
    old: list = field(default_factory=list)
    new: list = field(default_factory=list)

    @property
    def text(self):
        return "\n".join(self.old)

    @property
    def replacement(self):
        return " ".join(line.strip() for line in self.new)

    @property
    def is_statements(self):
        return self.text.endswith((";", "}"))


@dataclass
class Rule:
    file: Path
    line: int
    name: str
    why: str = ""
    by: str = ""
    patches: list = field(default_factory=list)

    def mistake(self, what, line=None):
        return Mistake(f"{shown(self.file)}:{line or self.line}: {self.name}: {what}")

    @property
    def storm(self):
        return self.by.removeprefix("storm ") if self.by != "script" else ""


@dataclass(frozen=True)
class Place:
    """What a rule replaces, from one offset of a source to another."""
    begin: int
    end: int
    rule: Rule
    patch: Patch


def shown(path):
    path = Path(path).resolve()
    return path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path


def rules_of(file):
    """The rules of one file of mutations."""
    rules = []
    patch = None  # that the next line may belong to
    for number, line in enumerate(Path(file).read_text().splitlines(), 1):
        sign, _, rest = line.partition(" ")
        if not line.strip():
            patch = None
        elif sign == "rule":
            rules.append(Rule(Path(file), number, rest))
            patch = None
        elif sign.startswith("#"):
            continue
        elif not rules:
            raise Mistake(f"{shown(file)}:{number}: a rule begins with `rule NAME`")
        elif sign in ("why", "by"):
            setattr(rules[-1], sign, rest)
        elif sign in ("in", "-", "+"):
            if patch is None or (sign == "in" and patch.old) or (sign == "-" and patch.new):
                patch = Patch(number)
                rules[-1].patches.append(patch)
            if sign == "in":
                patch.function = rest
            else:
                (patch.old if sign == "-" else patch.new).append(rest)
        else:
            raise rules[-1].mistake(f"a line begins with rule, why, by, in, -, + or #, and not with '{sign}'", number)
    for rule in rules:
        check(rule)
    return rules


def check(rule):
    if not re.fullmatch(r"[a-z][a-z0-9_]*", rule.name):
        raise rule.mistake("a name is one word of a-z, 0-9 and _")
    if not rule.why:
        raise rule.mistake("say what it is for: `why R3: ...`")
    if not re.fullmatch(r"storm \w+|script", rule.by):
        raise rule.mistake("say what catches it: `by storm SCENARIO`, or `by script`")
    if not rule.patches:
        raise rule.mistake("say what is replaced: a line `- TEXT`, and `+ REPLACEMENT`")
    for patch in rule.patches:
        if not patch.text.strip():
            raise rule.mistake("says nothing to replace: a line `- TEXT` is missing", patch.line)
        if "//" in patch.replacement:
            raise rule.mistake("a replacement becomes one line: put the comment on a line with # before it", patch.line)
        if not patch.replacement and not patch.is_statements:
            raise rule.mistake("an expression needs another one: `+ REPLACEMENT`", patch.line)


def functions_of(text, name, indent):
    """The bodies of a function, in all its overloads, whose heads and last braces are indented like that."""
    return list(re.finditer(rf"^{indent}(?![\s/])(?!.*;$).*\b{re.escape(name)}\((.*\}}$|(.|\n)*?^{indent}\}})", text,
                            re.MULTILINE))


def parts_of(rule, patch, source, text):
    """The parts of the source where the patch looks for its text: the function that it names; in a header perhaps
    of a class."""
    if not patch.function:
        return [(0, len(text))]
    found = functions_of(text, patch.function, "")
    if not found and Path(source).suffix == ".hpp":
        found = functions_of(text, patch.function, " " * 4)
    if not found:
        raise rule.mistake(f"no function of its source is called {patch.function}; say after `in` where it is now",
                           patch.line)
    return [match.span() for match in found]


def place_of(rule, patch, source, text):
    parts = parts_of(rule, patch, source, text)
    kept = [at for begin, end in parts for at in range(begin, end) if not text[at].isspace()]
    squeezed = "".join(text[at] for at in kept)
    wanted = "".join(patch.text.split())
    found = []
    for match in re.finditer(f"(?={re.escape(wanted)})", squeezed):
        first, last = kept[match.start()], kept[match.start() + len(wanted) - 1]
        # Not a part of a longer word.
        if not re.search(r"\w\w", text[max(first - 1, 0):first + 1]) and not re.search(r"\w\w", text[last:last + 2]):
            found.append(Place(first, last + 1, rule, patch))
    where = f"{shown(source)}" + (f", {patch.function}" if patch.function else "")
    if not found:
        raise rule.mistake(f"its text is no longer in {where}; write after `-` how what holds the rule reads now",
                           patch.line)
    if len(found) > 1:
        lines = " and ".join(str(text.count("\n", 0, place.begin) + 1) for place in found)
        raise rule.mistake(f"its text is more than once in {where}, in the lines {lines}; make it longer, or say "
                           "before it in which function: `in CLASS::FUNCTION`", patch.line)
    return found[0]


def mutated(rules, source):
    """The source with every mutant of it, each behind its switch. Every line stays on its line."""
    text = Path(source).read_text()
    places = [place_of(rule, patch, source, text) for rule in rules for patch in rule.patches]
    return rendered(text, 0, len(text), sorted(places, key=lambda place: (place.begin, -place.end)))


def rendered(text, begin, end, places):
    """The text from begin to end; the places lie between, in order, an outer one before those in it."""
    out = ""
    while places:
        outer = places[0]
        same = [place for place in places if (place.begin, place.end) == (outer.begin, outer.end)]
        inner = [place for place in places if place not in same and place.begin < outer.end]
        places = places[len(same) + len(inner):]
        for place in inner:
            if place.end > outer.end:
                raise place.rule.mistake(f"its text and that of {outer.rule.name} overlap; let one hold the other",
                                         place.patch.line)
        out += text[begin:outer.begin] + switched(same, rendered(text, outer.begin, outer.end, inner))
        begin = outer.end
    return out + text[begin:end]


def switched(places, original):
    out = ""
    if places[0].patch.is_statements:
        for place in places:
            out += f"if ({broken(place.rule)}) {{ {place.patch.replacement} }} else "
        return f"{{ {out}{{ {original} }} }}"
    for place in places:
        out += f"{broken(place.rule)} ? ({place.patch.replacement}) : "
    return f"({out}({original}))"


def broken(rule):
    return f"::tutti::mutants::broken(::tutti::mutants::Rule::{rule.name})"


def copy_of(mutations, source):
    """Errors and debuggers speak of the source, by the path that -ffile-prefix-map gives to all others."""
    return f'#include "support/broken_rule.hpp"\n#line 1 "{shown(source)}"\n' + mutated(rules_of(mutations), source)


def rules_below(folder, roots):
    """Those of all files below the folder. A name is there once, and each file has a source below one of the roots."""
    folder, rules = Path(folder), {}
    for file in sorted(folder.rglob("*" + SUFFIX)):
        sources = [Path(root) / str(file.relative_to(folder)).removesuffix(SUFFIX) for root in roots]
        if not any(source.is_file() for source in sources):
            raise Mistake(f"{shown(file)}: there is no {' or '.join(str(shown(source)) for source in sources)}; a file of "
                          "mutations is called as its source")
        for rule in rules_of(file):
            if rule.name in rules:
                before = rules[rule.name]
                raise rule.mistake(f"{shown(before.file)}:{before.line} has this name already; a rule is in one place, "
                                   "and may replace several texts there")
            rules[rule.name] = rule
    return list(rules.values())


def header_of(folder, roots):
    rules = rules_below(folder, roots)
    names = "".join(f"    {rule.name},\n" for rule in rules)
    mutants = "".join(f'    {{Rule::{rule.name}, "{rule.name}", {quoted(rule.why)}, "{rule.storm}"}},\n' for rule in rules)
    return HEADER.format(folder=shown(folder), names=names, mutants=mutants)


HEADER = """// Of {folder}, by mutate.py: the rules that a test can break, and what the library without each is called.
#pragma once

#include <cstdint>
#include <string_view>

namespace tutti::mutants {{

enum class Rule : std::uint8_t {{
    none,
{names}}};

struct Mutant {{
    Rule rule;
    std::string_view name;
    std::string_view why;
    std::string_view storm;  // the scenario that catches it; empty where a script does
}};

inline constexpr Mutant all[]{{
{mutants}}};

}}  // namespace tutti::mutants
"""


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def write(path, content):
    """Leaves a file alone that reads so already: what is built of it stands."""
    path = Path(path)
    if path.exists() and path.read_text() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    copy = commands.add_parser("copy")
    for argument in ("mutations", "source", "copy"):
        copy.add_argument(argument)
    header = commands.add_parser("list")
    for argument in ("folder", "header"):
        header.add_argument(argument)
    header.add_argument("roots", nargs="+")
    asked = parser.parse_args()
    try:
        if asked.command == "copy":
            write(asked.copy, copy_of(asked.mutations, asked.source))
        else:
            write(asked.header, header_of(asked.folder, asked.roots))
    except Mistake as mistake:
        print(mistake, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
