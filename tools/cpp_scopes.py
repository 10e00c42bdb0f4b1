"""What a C++ file defines at the scope of a namespace, read from its text: no compiler, no build tree.

It knows the layout that clang-format gives the files of this repository, and no macro that opens a scope.
"""
import re

SCOPE = re.compile(
    r"\bnamespace\s+(?P<space>[\w:]*)\s*\{"
    r"|\b(?:class|struct|union|enum(?:\s+(?:class|struct))?)\s+(?:\[\[[^\]]*\]\]\s*)?(?P<type>\w+)"
    r"(?:\s+final)?\s*(?::(?!:)[^;{}()]*)?(?P<body>\{)"
    r'|extern\s+""\s*(?P<linkage>\{)|(?P<open>\{)|(?P<close>\})')
HIDDEN = "(anonymous)"
NO_DECLARATOR = {"alignas", "decltype", "noexcept", "requires", "static_assert"}


class Definition:
    def __init__(self, line, scopes, name):
        self.line = line
        self.namespace = "::".join(s for s in scopes if s and s != HIDDEN)
        self.hidden = HIDDEN in scopes  # in an anonymous namespace: of this file alone
        self.name = name

    @property
    def qualified(self):
        return f"{self.namespace}::{self.name}" if self.namespace else self.name


def _walk(code, visit):
    """Calls visit(match, scopes, start) at each `{` whose scopes are namespaces; `start` is where its text begins."""
    scopes, start = [], 0  # the name of a namespace, "" for what adds none, None for a body
    for match in SCOPE.finditer(code):
        if match["close"]:
            if scopes:
                scopes.pop()
        elif match["space"] is not None:
            scopes.append(match["space"] or HIDDEN)
        else:
            if None not in scopes:
                visit(match, scopes, start)
            scopes.append("" if match["linkage"] else None)
        start = match.end()


def _code(source):
    return "\n".join("" if line.lstrip().startswith("#") else line for line in source.code_lines)


def defined_types(source):
    """Every class, struct, union and enumeration at the scope of a namespace."""
    code, found = _code(source), []

    def visit(match, scopes, _):
        if match["type"]:
            line = code.count("\n", 0, match.start("type")) + 1
            found.append(Definition(line, scopes, match["type"]))

    _walk(code, visit)
    return found


def defined_functions(source):
    """Every function that other files can call, by the name that its definition gives it: `f`, `Class::f`."""
    code, found = _code(source), []

    def visit(match, scopes, start):
        if match["type"] or HIDDEN in scopes:
            return
        head = code[start:match.start()]
        head = head[head.rfind(";") + 1:]
        name = _declarator(head)
        if name:
            line = code.count("\n", 0, match.start() - len(head) + head.index(name)) + 1
            found.append(Definition(line, scopes, name))

    _walk(code, visit)
    return found


def _declarator(head):
    """`Gateway::start` in "Result<...> Gateway::start(Options options) "; None for what is no function."""
    head = re.sub(r"\bBOOST_\w+\([^;{}]*\)\)\s*", "", head)
    # A member that a constructor initialises with braces, a lambda, or something of this file alone.
    if head.lstrip().startswith((",", ")")) or re.match(r"\s*(\[\[\w+\]\]\s*)?static\b", head):
        return None
    if "=" in head.split("(")[0] and "operator" not in head:
        return None
    for match in re.finditer(r"([\w:~]+)\s*\(", head):
        if match[1] not in NO_DECLARATOR:
            return match[1]
    return None
