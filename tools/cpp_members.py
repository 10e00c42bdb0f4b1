"""How many members the classes of a C++ file have, read from its text: no compiler, no build tree.

Counted are functions and data, declared or defined; not types, aliases and friends.
"""
import re

# The innermost braces, with what stands before them; what follows tells an initializer from a body.
BRACES = re.compile(r"(?P<head>[^{};]*)\{(?P<body>[^{}]*)\}(?P<initializer>(?=\s*[;,){]))?")
CLASS_HEAD = re.compile(r"(?<!enum )\b(?:class|struct|union)\s+(?:\[\[[^\]]*\]\]\s*)?(?P<name>[\w:]+)(?:<[^;]*>)?"
                        r"(?:\s+final)?\s*(?::(?!:)[^()]*)?$")
NO_MEMBER = re.compile(r"\s*((public|private|protected)\s*:\s*|template\s*<[^()]*>\s*(?=struct|class))*"
                       r"(using|friend|static_assert|enum|struct|class|union|$)")


def class_members(source):
    """(line, name, count of functions and data) of every class, from the inside out."""
    code, found = "\n".join(source.code_lines), []

    def without_body(match):
        if head := CLASS_HEAD.search(match["head"]):
            line = code.count("\n", 0, match.start("head") + head.start()) + 1
            found.append((line, head["name"], sum(not NO_MEMBER.match(m) for m in match["body"].split(";"))))
        end = "" if match["initializer"] is not None else ";"
        return match["head"] + "\n" * match["body"].count("\n") + end

    while (shorter := BRACES.sub(without_body, code)) != code:
        code = shorter
    return found
