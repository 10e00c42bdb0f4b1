"""./run, ./test and tools/install refuse what they do not know before they install or build anything."""
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SUITES = "unit contract simulation integration fleet examples consumer tools checks".split()


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

    def test_a_seed_needs_a_number_and_the_simulation(self):
        self.refuses(["test", "simulation", "--seed"], "whole number")
        self.refuses(["test", "simulation", "--seed", "-1"], "whole number")
        self.refuses(["test", "unit", "--seed", "7"], "./test simulation --seed 7")

    def test_an_unknown_package_group_is_refused(self):
        self.refuses(["tools/install", "bogus"], "'bogus'", "build", "test", "checks")

    def test_run_refuses_redis_without_an_address_and_a_word_that_is_no_option(self):
        self.refuses(["run", "--redis"], "redis://")
        self.refuses(["run", "bogus"], "'bogus'", "--once")

    def test_help_is_printed_without_building(self):
        for command, words in {"run": ["--once", "--redis URL"], "test": SUITES}.items():
            result = call(command, "--help")

            self.assertEqual(result.returncode, 0, result)
            for word in words:
                self.assertIn(word, result.stdout)

    def test_installing_can_be_left_to_the_user(self):
        result = call("tools/install", TUTTI_SKIP_INSTALL="1")

        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, "", ""))


if __name__ == "__main__":
    unittest.main()
