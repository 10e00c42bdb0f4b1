"""What tests/simulation/mutate.py makes of mutations, and that it refuses those that would break nothing, or
something else."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MUTATE = ROOT / "tests/simulation/mutate.py"

SOURCE = """int Cache::limit() {
    return first +
           second;
}

int Cache::short_one() { return 3; }

int Cache::other() {
    if (full) return 0;
    drop(first);
    return second;
}
"""


def rule(name="half", by="by storm calm", body="- first + second\n+ first"):
    return f"rule {name}\nwhy R1\n{by}\n{body}\n"


class MutateTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.write("src/load/cache.cpp", SOURCE)

    def write(self, path, text):
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def call(self, *arguments):
        return subprocess.run([sys.executable, "-B", MUTATE, *arguments], capture_output=True, text=True, timeout=20)

    def copy(self, mutations):
        file = self.write("mutations/load/cache.cpp.mutations", mutations)
        return self.call("copy", file, self.folder / "src/load/cache.cpp", self.folder / "copy.cpp")

    def list(self, **mutations):
        for name, text in mutations.items():
            self.write(f"mutations/load/{name}.cpp.mutations", text)
        return self.call("list", self.folder / "mutations", self.folder / "rules.hpp", self.folder / "include",
                         self.folder / "src")

    def copied(self, mutations):
        result = self.copy(mutations)
        self.assertEqual(result.returncode, 0, result.stderr)
        return (self.folder / "copy.cpp").read_text()

    def refused(self, result, *words):
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertFalse((self.folder / "copy.cpp").exists())
        self.assertFalse((self.folder / "rules.hpp").exists())
        for word in words:
            self.assertIn(word, result.stderr)

    def test_an_expression_is_switched_and_each_line_stays_on_its_line(self):
        copied = self.copied(rule())

        self.assertIn("Rule::half) ? (first) : (first +\n           second));\n}", copied)
        include, line, *rest = copied.splitlines()
        self.assertEqual(len(rest), len(SOURCE.splitlines()))
        self.assertTrue(line.startswith("#line 1 ") and line.endswith('src/load/cache.cpp"'), line)

    def test_statements_are_replaced_by_others_or_by_nothing(self):
        copied = self.copied(rule(body="- drop(first);") +
                             rule("full", body="- if (full) return 0;\n+ if (full) drop(second);\n+ drop(first);"))

        self.assertIn("Rule::half)) {  } else { drop(first); } }\n", copied)
        self.assertIn("Rule::full)) { if (full) drop(second); drop(first); } else { if (full) return 0; } }\n", copied)

    def test_rules_may_share_a_text_and_one_may_hold_the_text_of_another(self):
        copied = self.copied(rule() + rule("all", body="- first + second\n+ second") +
                             rule("inner", body="in Cache::limit\n- second\n+ 0"))

        self.assertIn("Rule::half) ? (first) : ", copied)
        self.assertIn("Rule::all) ? (second) : (first +\n", copied)
        self.assertIn("Rule::inner) ? (0) : (second)", copied)

    def test_a_rule_may_replace_several_texts(self):
        copied = self.copied(rule(body="- first + second\n+ first\n\n- full\n+ false"))

        self.assertEqual(copied.count("Rule::half"), 2)

    def test_a_text_is_no_part_of_a_longer_word(self):
        self.write("src/load/cache.cpp", "int a = fully + full;\n")

        self.assertIn("int a = fully + (", self.copied(rule(body="- full\n+ false")))

    def test_a_text_that_is_not_there_is_refused_by_rule_file_and_fix(self):
        self.refused(self.copy(rule(body="- third\n+ first")), "cache.cpp.mutations:4: half:", "src/load/cache.cpp",
                     "write after `-`")

    def test_a_text_that_is_there_twice_is_refused_by_its_lines_and_fix(self):
        self.refused(self.copy(rule(body="- second\n+ first")), "half: ", "lines 3 and 11", "`in CLASS::FUNCTION`")

    def test_a_function_makes_it_one_and_must_be_there(self):
        self.assertEqual(self.copied(rule(body="in Cache::other\n- second\n+ first")).count("Rule::half"), 1)
        (self.folder / "copy.cpp").unlink()

        self.refused(self.copy(rule(body="in Cache::short_one\n- second\n+ first")), "half: ", "no longer in")
        self.refused(self.copy(rule(body="in Cache::gone\n- second\n+ first")), "half: ", "Cache::gone", "after `in`")

    def test_a_function_may_be_of_a_class_in_a_header(self):
        source = self.write("include/cache.hpp", "class Cache {\n    int half() {\n        return one;\n    }\n"
                            "    int other() { return one; }\n};\n")
        file = self.write("mutations/cache.hpp.mutations", rule(body="in other\n- one\n+ two"))

        result = self.call("copy", file, source, self.folder / "copy.hpp")

        self.assertEqual(result.returncode, 0, result.stderr)
        switched = [line for line in (self.folder / "copy.hpp").read_text().splitlines() if "Rule::half" in line]
        self.assertEqual([line.split("{")[0].strip() for line in switched], ["int other()"])

    def test_texts_that_overlap_are_refused(self):
        self.refused(self.copy(rule(body="- return first + second;") +
                               rule("b", body="- limit() { return first\n+ 1")), "half", "b", "overlap")

    def test_what_is_no_mutation_is_refused_by_its_line(self):
        for mutations, words in {
                "- first\n": (":1:", "`rule NAME`"),
                rule(by=""): ("half: ", "`by storm SCENARIO`"),
                rule(by="by chance"): ("half: ", "`by script`"),
                rule("Two Words"): ("a name is one word",),
                rule(body=""): ("half: ", "`- TEXT`"),
                rule(body="+ first"): ("half: ", "`- TEXT`"),
                rule(body="- first + second"): ("half: ", "`+ REPLACEMENT`"),
                rule(body="- first + second\n+ first // it"): ("half: ", "comment"),
                rule(body="= first"): (":4: half: ", "'='"),
        }.items():
            with self.subTest(mutations):
                self.refused(self.copy(mutations), *words)

    def test_a_name_that_is_there_twice_is_refused_by_both_places(self):
        self.write("src/load/turns.cpp", SOURCE)

        self.refused(self.list(cache=rule(), turns=rule()), "turns.cpp.mutations:1: half:", "cache.cpp.mutations:1")
        self.refused(self.list(cache=rule(), turns=rule() + rule()), "half")

    def test_a_file_without_a_source_is_refused(self):
        self.refused(self.list(gone=rule()), "gone.cpp.mutations", "there is no", "src/load/gone.cpp")

    def test_the_list_says_what_catches_a_mutant(self):
        self.list(cache=rule() + rule("full", "by script", "- if (full) return 0;"))

        header = (self.folder / "rules.hpp").read_text()
        self.assertIn('{Rule::half, "half", "R1", "calm"},', header)
        self.assertIn('{Rule::full, "full", "R1", ""},', header)

    def test_a_copy_that_reads_so_already_stays_as_old_as_it_is(self):
        self.copied(rule())
        before = (self.folder / "copy.cpp").stat().st_mtime_ns

        self.copied("# Another comment.\n" + rule())

        self.assertEqual((self.folder / "copy.cpp").stat().st_mtime_ns, before)


if __name__ == "__main__":
    unittest.main()
