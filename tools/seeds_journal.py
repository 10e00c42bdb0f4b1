"""What a long run over the seeds of one scenario has done, in a file that outlives it.

The first line says what the run is: scenario, first seed, how many, commit, and a digest of the program that plays
them. Each further line is a job that has ended. So a run that was interrupted goes on where it was, with the same
program or not at all, and its record counts what was played and nothing else.
"""
import hashlib
import json
import re
import subprocess
from datetime import date
from pathlib import Path

COUNTED = {"seeds": r"(\d+) seeds", "violated": r"(\d+) violated", "actions": r"(\d+) actions",
           "steps": r"(\d+) steps", "simulated": r"(\d+) s simulated", "processor": r"simulated in ([\d.]+) s"}


class Mistake(Exception):
    """Says what to do."""


def digest(program):
    return hashlib.sha256(Path(program).read_bytes()).hexdigest()


def commit_of(program, root):
    """Of which `program` was built."""
    def git(*words):
        return subprocess.run(["git", "-C", root, *words], capture_output=True, text=True, check=True).stdout.strip()
    sources = "include", "src", "tests/simulation"
    if Path(program).stat().st_mtime < int(git("log", "-1", "--format=%ct", "--", *sources)):
        raise Mistake(f"{program} is older than the last commit of its sources: build it again, or the record names what was not played")
    return git("rev-parse", "--short=10", "HEAD") + (" and changes" if git("status", "--porcelain", "-uno") else "")


def counted(output):
    """Of what `simulate` prints at its end."""
    found = {what: re.search(words, output) for what, words in COUNTED.items()}
    missing = [what for what, match in found.items() if not match]
    if missing:
        raise Mistake(f"simulate has not said how many {', '.join(missing)}: {output[-300:]}")
    return {what: float(match[1]) if what == "processor" else int(match[1]) for what, match in found.items()}


class Journal:
    def __init__(self, path, *, program, scenario, first, seeds, root):
        self.path = Path(path)
        run = {"scenario": scenario, "first": first, "seeds": seeds, "program": digest(program)}
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(run | {"commit": commit_of(program, root)}) + "\n")
        begun, *done = (json.loads(line) for line in self.path.read_text().splitlines())
        differs = [what for what, value in run.items() if begun[what] != value]
        if differs:
            raise Mistake(f"{self.path} is of a run with another {' and '.join(differs)}: end that one first, or "
                          "remove the file")
        self.run = begun
        self.done = {job["first"]: job for job in done}

    def add(self, first, output):
        job = {"first": first} | counted(output)
        with self.path.open("a") as file:
            file.write(json.dumps(job) + "\n")
        self.done[first] = job

    def total(self, what):
        return sum(job[what] for job in self.done.values())

    @property
    def left(self):
        return self.run["seeds"] - self.total("seeds")

    def record(self):
        """A row for docs/develop/simulator-runs.md."""
        if not self.done:
            raise Mistake(f"{self.path}: nothing has been played yet")
        first, last = min(self.done), max(first + job["seeds"] - 1 for first, job in self.done.items())
        gaps = last - first + 1 - self.total("seeds")
        simulated, processor = self.total("simulated"), self.total("processor")
        cells = (date.today().isoformat(), self.run["commit"], self.run["scenario"],
                 f"{first:,} to {last:,}" + (f" but {gaps:,}" if gaps else ""),
                 f"{simulated:,} s", f"{self.total('actions'):,}", f"{self.total('steps'):,}",
                 f"{processor / 60:,.0f} min ({simulated / processor:,.0f})", f"{self.total('violated'):,}")
        return "| " + " | ".join(cells) + " |"
