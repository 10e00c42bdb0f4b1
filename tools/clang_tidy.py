#!/usr/bin/env python3
"""Runs clang-tidy-19 over what we ship: src/, cli/, services/ and, one by one, the public headers.

    tools/clang_tidy.py BUILD_DIR [--jobs N]

A file that passed is not analysed again until it, a file of ours that it includes, its command, the
configuration or clang-tidy itself changes: with Asio one analysis takes longer than a compilation.
Passes are remembered by content below $XDG_CACHE_HOME, so that a clean clone profits too.
"""
import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOL = "clang-tidy-19"
ANALYSED = ("src/", "cli/", "services/")
HEADER_CHECKS = "/header_checks/"  # one generated file for each public header
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tutti" / "clang-tidy"
# misc-include-cleaner is here for what is included in vain. What is included by way of another header it
# reports too, also a source that relies on its own header; version 19 has no option against that.
MISSING_INCLUDE = "no header providing"
# A new version of a library may bring a new finding.
LIBRARIES = ("libboost1.81-dev", "libhiredis-dev", "libzstd-dev", "libstdc++-12-dev", "libspdlog-dev", "libsoci-dev")


def ours(path):
    return path.is_relative_to(ROOT)


def included(path, folders):
    """The files of ours that the text of `path` includes, by whichever folder they are found in."""
    for name in re.findall(r'^\s*#\s*include\s*"([^"]+)"', path.read_text(), re.MULTILINE):
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


def key_of(entry, common):
    command = entry["command"]
    folders = [Path(f) for f in re.findall(r"-I(/\S+)", command)]
    digest = hashlib.sha256(common)
    digest.update(command.replace(str(ROOT), "").encode())
    for path in closure(Path(entry["file"]), folders):
        digest.update(str(path.relative_to(ROOT)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def common_key():
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    libraries = subprocess.run(["dpkg-query", "-W", *LIBRARIES], capture_output=True).stdout
    configuration = (ROOT / ".clang-tidy").read_bytes() + Path(__file__).read_bytes()
    return version + libraries + configuration


def wanted(entry, build):
    path = Path(entry["file"])
    if ours(build) and path.is_relative_to(build):
        return HEADER_CHECKS in str(path)
    return ours(path) and str(path.relative_to(ROOT)).startswith(ANALYSED)


def analyse(entry, build):
    """Returns whether the file passed, what there is to say, and the seconds that it took."""
    started = time.monotonic()
    result = subprocess.run([TOOL, "--quiet", "-p", str(build), entry["file"]],
                            capture_output=True, text=True)
    findings = re.split(r"^(?=\S+:\d+:\d+: (?:error|warning): )", result.stdout, flags=re.MULTILINE)
    kept = [f for f in findings if MISSING_INCLUDE not in f and f.strip()]
    passed = result.returncode == 0 or (not kept and MISSING_INCLUDE in result.stdout)
    return passed, "".join(kept) or result.stderr, time.monotonic() - started


def main():
    parser = argparse.ArgumentParser(description="clang-tidy over what we ship, with memory")
    parser.add_argument("build", type=lambda p: Path(p).resolve())
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()

    commands = json.loads((arguments.build / "compile_commands.json").read_text())
    entries = [e for e in commands if wanted(e, arguments.build)]
    if not entries:
        sys.exit(f"clang_tidy.py: {arguments.build} has no compile commands of src/, cli/ or services/")
    common = common_key()
    CACHE.mkdir(parents=True, exist_ok=True)
    keys = {e["file"]: key_of(e, common) for e in entries}
    pending = [e for e in entries if not (CACHE / keys[e["file"]]).exists()]
    print(f"clang-tidy: {len(entries)} files, {len(entries) - len(pending)} passed before", flush=True)

    failed = 0
    with ThreadPoolExecutor(arguments.jobs) as pool:
        results = pool.map(lambda e: analyse(e, arguments.build), pending)
        for number, (entry, (passed, findings, seconds)) in enumerate(zip(pending, results), 1):
            name = os.path.relpath(entry["file"], ROOT)
            print(f"[{number}/{len(pending)}] {'ok' if passed else 'FAILED'} {name} ({seconds:.1f} s)",
                  flush=True)
            if passed:
                (CACHE / keys[entry["file"]]).touch()
            else:
                failed += 1
                print(findings, flush=True)
    print(f"clang-tidy: {failed} of {len(entries)} files failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
