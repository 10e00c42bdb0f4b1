"""./run, ./test and tools/install refuse what they do not know before they install or build anything."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SUITES = "unit threads contract simulation stress integration fault fleet soak examples consumer tools checks long".split()


def call(*command, **environment):
    return subprocess.run([ROOT / command[0], *command[1:]], capture_output=True, text=True, timeout=20,
                          stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", **environment})


class CommandsTest(unittest.TestCase):
    def refuses(self, command, *named):
        result = call(*command)

        self.assertEqual(result.returncode, 2, result)
        self.assertEqual(result.stdout, "")
        for word in named:
            self.assertIn(word, result.stderr)

    def test_an_unknown_suite_is_refused_by_naming_the_suites(self):
        self.refuses(["test", "bogus"], "'bogus'", *SUITES)

    def test_an_unknown_option_is_refused_by_naming_the_options(self):
        self.refuses(["test", "--bogus"], "'--bogus'", "--seed")
        self.refuses(["run", "--bogus"], "'--bogus'", "--once", "--redis")

    def test_a_second_suite_is_refused(self):
        self.refuses(["test", "unit", "tools"], "unit", "tools")

    def test_a_seed_needs_a_number_and_a_suite_that_draws_from_it(self):
        self.refuses(["test", "simulation", "--seed"], "whole number")
        self.refuses(["test", "simulation", "--seed", "-1"], "whole number")
        self.refuses(["test", "unit", "--seed", "7"], "./test simulation --seed 7", "contract", "soak", "long")

    def test_minutes_are_a_number_above_zero_and_belong_to_long_or_soak(self):
        self.refuses(["test", "long", "--minutes"], "whole number")
        self.refuses(["test", "long", "--minutes", "0"], "above zero")
        self.refuses(["test", "unit", "--minutes", "7"], "./test long --minutes 7", "soak")
        self.refuses(["test", "soak", "--minutes", "0"], "above zero")

    def test_seconds_are_a_number_above_zero_and_belong_to_a_fault(self):
        self.refuses(["test", "fault", "all", "--seconds"], "whole number")
        self.refuses(["test", "fault", "--seconds", "7"], "./test fault all --seconds 7")
        self.refuses(["test", "unit", "--list"], "./test fault --list")
        self.refuses(["test", "fault", "all", "unit"], "fault", "unit")

    def test_an_unknown_package_group_is_refused(self):
        self.refuses(["tools/install", "bogus"], "'bogus'", "build", "test", "checks")

    def test_run_refuses_redis_without_an_address_and_a_word_that_is_no_option(self):
        self.refuses(["run", "--redis"], "redis://")
        self.refuses(["run", "bogus"], "'bogus'", "--once")

    def test_help_is_printed_without_building(self):
        for command, words in {"run": ["--once", "--redis URL"], "test": [*SUITES, "--seed N", "--minutes N"]}.items():
            result = call(command, "--help")

            self.assertEqual(result.returncode, 0, result)
            for word in words:
                self.assertIn(word, result.stdout)

    def test_installing_can_be_left_to_the_user(self):
        result = call("tools/install", TUTTI_SKIP_INSTALL="1")

        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))


class LongTest(unittest.TestCase):
    """tools/long with programs that stand for the real ones."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.build = Path(self.folder.name)
        (self.build / "bin").mkdir()
        for name in "simulate", "simulate_assignment", "simulate_jobs", "simulate_shards":
            self.program(name, '[ "$1" = --list ] && echo calm && exit; echo "$@" >> "$0.calls"')
        for name in ("stress contract_tests unit_codec unit_coherence unit_memory unit_memory_interleaved "
                     "unit_audit unit_observe").split():
            self.program(name, 'sleep 0.1; echo "$TUTTI_SEED$RC_PARAMS $@" >> "$0.calls"')

    def program(self, name, script):
        path = self.build / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def calls(self, name):
        return (self.build / "bin" / f"{name}.calls").read_text().splitlines()

    def long(self, *options):
        return subprocess.run(
            [ROOT / "tools/long", "--build", self.build, "--minutes", "0.02", "--no-fuzzers", *options],
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    def test_it_is_content_when_nothing_is_found_and_shows_what_it_did(self):
        result = self.long("--seed", "1000")

        self.assertEqual(result.returncode, 0, result)
        self.assertIn("storms: calm", result.stdout)
        self.assertRegex(result.stdout, r"min left: side by side")
        self.assertIn("0 findings, seed 1000", result.stdout)

    def test_every_kind_draws_from_the_seed_and_no_seed_is_drawn_twice(self):
        self.long("--seed", "1000")

        self.assertEqual(self.calls("simulate")[:2], ["calm 1000 10", "calm 3000 10"])
        self.assertEqual(self.calls("simulate_jobs")[0], "calm 1000 200")
        self.assertIn("1000", self.calls("contract_tests")[0])
        histories, properties = self.calls("unit_memory")[:2]
        self.assertIn("1000", histories)
        self.assertIn("seed=1000", properties)
        self.assertIn("1000", self.calls("stress")[0])

    def test_fresh_seeds_are_drawn_when_none_is_given(self):
        first = self.long().stdout.splitlines()[-1]

        self.assertNotEqual(first, self.long().stdout.splitlines()[-1])

    def test_a_finding_fails_it_and_is_printed_with_the_command_that_replays_it(self):
        self.program("simulate", '[ "$1" = --list ] && echo calm && exit; echo "replay: simulate calm 1003"; exit 1')
        self.program("contract_tests", "exit 1")

        result = self.long("--seed", "1000")

        self.assertEqual(result.returncode, 1, result)
        self.assertIn("\n  simulate calm 1003\n", result.stdout)
        self.assertIn(f"\n  TUTTI_SEED=1000 {self.build}/bin/contract_tests '--gtest_filter=*SideBySide*'\n",
                      result.stdout)

    def test_a_program_that_ends_by_a_signal_is_a_finding(self):
        self.program("unit_codec", "kill -ABRT $$")

        result = self.long("--seed", "1000")

        self.assertEqual(result.returncode, 1, result)
        self.assertIn(f"RC_PARAMS=seed=1000 {self.build}/bin/unit_codec", result.stdout)


    PLAYS = ('[ "$1" = --list ] && echo calm && exit; echo "$@" >> "$0.calls"; '
             'echo "$1: $3 seeds, 0 violated; 7 actions: 1 reads, 2 steps; 30 s simulated in 0.50 s of the processor"')

    def test_the_seeds_of_one_scenario_are_played_once_each_and_recorded(self):
        self.program("simulate", self.PLAYS)

        result = self.long("--storms", "calm", "--seeds", "500", "--jobs", "1")
        record = self.build / "runs.md"
        self.long("--storms", "calm", "--seeds", "500", "--record", record)

        self.assertEqual(result.returncode, 0, result)
        self.assertIn("300 seeds left", result.stdout)
        self.assertEqual(self.calls("simulate"), ["calm 1 200", "calm 201 200", "calm 401 100"])
        self.assertRegex(record.read_text(), r"\| calm \| 1 to 500 \| 90 s \| 21 \| 6 \| 0 min \(60\) \| 0 \|\n$")

    def test_a_run_that_was_interrupted_goes_on_where_it_was(self):
        self.program("simulate", self.PLAYS)
        self.long("--storms", "calm", "--seeds", "500", "--jobs", "1")
        journal = self.build / "storms/calm-1-500.jsonl"
        journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:2]))
        (self.build / "bin/simulate.calls").unlink()

        self.long("--storms", "calm", "--seeds", "500", "--jobs", "1")

        self.assertEqual(self.calls("simulate"), ["calm 201 200", "calm 401 100"])

    def test_a_run_does_not_go_on_with_another_program(self):
        self.program("simulate", self.PLAYS)
        self.long("--storms", "calm", "--seeds", "500")
        self.program("simulate", self.PLAYS + "; true")

        result = self.long("--storms", "calm", "--seeds", "500")

        self.assertEqual(result.returncode, 2, result)
        self.assertIn("another program", result.stderr)

    def test_a_program_from_before_the_last_commit_is_refused(self):
        self.program("simulate", self.PLAYS)
        os.utime(self.build / "bin/simulate", (1, 1))

        result = self.long("--storms", "calm", "--seeds", "500")

        self.assertEqual(result.returncode, 2, result)
        self.assertIn("older than the last commit of its sources", result.stderr)

    def test_a_run_of_seeds_ends_at_the_first_finding(self):
        self.program("simulate", self.PLAYS.replace("0 violated", "1 violated") + '; echo "replay: simulate calm 17"; exit 1')

        result = self.long("--storms", "calm", "--seeds", "1000", "--jobs", "1")

        self.assertEqual(result.returncode, 1, result)
        self.assertIn("\n  simulate calm 17\n", result.stdout)
        self.assertEqual(self.calls("simulate"), ["calm 1 200"])
        self.assertRegex(result.stdout, r"\| 1 to 200 \|.*\| 1 \|\n$")


class PreCommitTest(unittest.TestCase):
    """tools/hooks/pre-commit in a repository of its own, with a formatter that dislikes the word UGLY."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)
        shutil.copytree(ROOT / "tools", self.root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        self.write("bin/clang-format-19", '#!/bin/sh\nfor last; do :; done; ! grep UGLY "$last" >&2\n')
        (self.root / "bin/clang-format-19").chmod(0o755)
        self.git("init", "--quiet")
        self.git("config", "core.hooksPath", "tools/hooks")

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def git(self, *arguments):
        return subprocess.run(
            ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", *arguments], cwd=self.root,
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
            env={"PATH": f"{self.root}/bin:/usr/bin:/bin", "HOME": str(self.root)})

    def test_what_is_right_is_committed(self):
        self.write("src/base/good.cpp", "int good();\n")
        self.git("add", ".")

        result = self.git("commit", "-m", "good")

        self.assertEqual(result.returncode, 0, result)

    def test_what_is_badly_formatted_is_not(self):
        self.write("src/base/two words.cpp", "int UGLY();\n")
        self.git("add", ".")

        result = self.git("commit", "-m", "bad")

        self.assertEqual(result.returncode, 1, result)
        self.assertIn("clang-format-19 -i", result.stderr)

    def test_what_breaks_a_rule_is_not_and_the_rule_is_named(self):
        self.write("src/base/bad.hpp", "#pragma once\n")
        self.git("add", ".")

        result = self.git("commit", "-m", "bad")

        self.assertEqual(result.returncode, 1, result)
        self.assertIn("src/base/bad.hpp:1: header-opening", result.stdout + result.stderr)

    def test_only_what_is_staged_counts(self):
        self.write("src/base/good.cpp", "int good();\n")
        self.git("add", ".")
        self.write("src/base/good.cpp", "int UGLY();\n")
        self.write("src/base/bad.hpp", "#pragma once\n")

        result = self.git("commit", "-m", "good")

        self.assertEqual(result.returncode, 0, result)


if __name__ == "__main__":
    unittest.main()
