#!/usr/bin/env python3
"""Runs clang-tidy-19 over src/, cli/, services/ and the public headers.

    tools/clang_tidy.py BUILD_DIR [--jobs N]

A file, or a batch of them, that passed is not analysed again until it, a file of ours that it includes, its command, the
configuration or clang-tidy itself changes: with Asio one analysis takes longer than a compilation.
Passes are remembered by content below $XDG_CACHE_HOME, so that a clean clone profits too.
"""
import argparse
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOL = "clang-tidy-19"
ANALYSED = ("src/", "cli/", "services/")
HEADER_CHECKS = "/header_checks/"  # one generated file for each public header
BATCHES = "/batches/"  # cmake/batches.cmake: files that include several sources
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
HEADERS_TOGETHER = 8
# Most of an analysis is spent on the headers, which the sources of a batch share. What a source includes in vain,
# and a local name that hides another, is found where it is read alone: those of SHIPPED are. In the services an
# editor shows it (.clangd).
SHIPPED = ("src/", "cli/")
ALL_BUT_INCLUDES = "-misc-include-cleaner,-bugprone-suspicious-include"
INCLUDES_ONLY = "-*,clang-diagnostic-*,-clang-diagnostic-deprecated-declarations,misc-include-cleaner"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tutti" / "clang-tidy"
# misc-include-cleaner is here for what is included in vain. What is included by way of another header it
# reports too, also a source that relies on its own header; version 19 has no option against that.
MISSING_INCLUDE = "no header providing"
# A new version of a library may bring a new finding.
LIBRARIES = ("libboost1.81-dev", "libhiredis-dev", "libzstd-dev", "zlib1g-dev", "libsodium-dev", "libstdc++-12-dev", "libspdlog-dev", "libsoci-dev")


def ours(path):
    return path.is_relative_to(ROOT)


def included(path, folders):
    """The files of ours that the text of `path` includes, by whichever folder they are found in."""
    for name in INCLUDE.findall(path.read_text()):
        for folder in (path.parent, *folders):
            if (folder / name).is_file():
                yield (folder / name).resolve()
                break


def closure(path, folders):
    seen, pending = set(), [path]
    while pending:
        current = pending.pop()
        if current not in seen and ours(current):
            seen.add(current)
            pending += included(current, folders)
    return sorted(seen)


class Analysis:
    """One run of clang-tidy: over a batch of sources, over one source of a batch, or over a file alone."""

    def __init__(self, path, arguments, checks=""):
        self.path, self.arguments, self.checks = path, arguments, checks
        self.name = f"{os.path.relpath(path, ROOT)}{' (includes)' if checks == INCLUDES_ONLY else ''}"

    def key(self, common):
        folders = [Path(f) for f in re.findall(r"-I(/\S+)", " ".join(self.arguments))]
        digest = hashlib.sha256(common)
        digest.update(" ".join([*self.arguments, self.checks]).replace(str(ROOT), "").encode())
        for path in closure(self.path, folders):
            digest.update(str(path.relative_to(ROOT)).encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def run(self):
        """Returns whether the file passed, what there is to say, and the seconds that it took."""
        started = time.monotonic()
        checks = [f"--checks={self.checks}"] if self.checks else []
        result = subprocess.run([TOOL, "--quiet", *checks, str(self.path), "--", *self.arguments],
                                capture_output=True, text=True)
        findings = re.split(r"^(?=\S+:\d+:\d+: (?:error|warning): )", result.stdout, flags=re.MULTILINE)
        kept = [f for f in findings if MISSING_INCLUDE not in f and f.strip()]
        passed = result.returncode == 0 or (not kept and MISSING_INCLUDE in result.stdout)
        return passed, "".join(kept) or result.stderr, time.monotonic() - started


def arguments_of(entry):
    words = shlex.split(entry["command"])
    compiler = next(i for i, word in enumerate(words) if "clang++" in word)
    return words[compiler + 1:words.index("-o")]


def analyses(entry, build):
    """What there is to do for one command of the build."""
    path, arguments = Path(entry["file"]), arguments_of(entry)
    if BATCHES in str(path):
        if str(path.relative_to(build)).startswith(ANALYSED):
            yield Analysis(path, arguments, ALL_BUT_INCLUDES)
            for member in INCLUDE.findall(path.read_text()):
                if member.startswith(SHIPPED):
                    yield Analysis(ROOT / member, [*arguments, "-Wshadow"], INCLUDES_ONLY)
    elif not path.is_relative_to(build) and str(path.relative_to(ROOT)).startswith(ANALYSED):
        yield Analysis(path, [*arguments, "-Wshadow"])


def header_batches(commands, build):
    """The public headers, eight at a time: that each compiles alone is held by the build."""
    checks = [e for e in commands if HEADER_CHECKS in e["file"]]
    for number in range(0, len(checks), HEADERS_TOGETHER):
        batch = checks[number:number + HEADERS_TOGETHER]
        path = build / "header_batches" / f"{number // HEADERS_TOGETHER}.cpp"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(Path(e["file"]).read_text() for e in batch))
        yield Analysis(path, arguments_of(batch[0]), ALL_BUT_INCLUDES)


def common_key():
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    libraries = subprocess.run(["dpkg-query", "-W", *LIBRARIES], capture_output=True).stdout
    configuration = (ROOT / ".clang-tidy").read_bytes() + Path(__file__).read_bytes()
    return version + libraries + configuration


def main():
    parser = argparse.ArgumentParser(description="clang-tidy over what we ship, with memory")
    parser.add_argument("build", type=lambda p: Path(p).resolve())
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()

    commands = json.loads((arguments.build / "compile_commands.json").read_text())
    # A source may be compiled into several targets.
    found = [a for e in commands for a in analyses(e, arguments.build)]
    found += header_batches(commands, arguments.build)
    wanted = list({a.name: a for a in found}.values())
    if not wanted:
        sys.exit(f"clang_tidy.py: {arguments.build} has no compile commands of src/, cli/ or services/")
    common = common_key()
    CACHE.mkdir(parents=True, exist_ok=True)
    keys = {a: a.key(common) for a in wanted}
    pending = [a for a in wanted if not (CACHE / keys[a]).exists()]
    print(f"clang-tidy: {len(wanted)} analyses, {len(wanted) - len(pending)} passed before", flush=True)

    failed = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(Analysis.run, pending)
        for number, (analysis, (passed, findings, seconds)) in enumerate(zip(pending, results), 1):
            verdict = "ok" if passed else "FAILED"
            print(f"[{number}/{len(pending)}] {verdict} {analysis.name} ({seconds:.1f} s)", flush=True)
            if passed:
                (CACHE / keys[analysis]).touch()
            else:
                failed += 1
                print(findings, flush=True)
    print(f"clang-tidy: {failed} of {len(wanted)} analyses failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
