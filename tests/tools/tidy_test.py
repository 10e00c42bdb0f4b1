"""tools/tidy bites: every rule finds the tree that breaks it, and only that rule does."""
import contextlib
import importlib.machinery
import importlib.util
import io
import sys
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parent.parent.parent / "tools" / "tidy"
loader = importlib.machinery.SourceFileLoader("tidy", str(TOOL))
tidy = importlib.util.module_from_spec(importlib.util.spec_from_loader("tidy", loader))
sys.modules["tidy"] = tidy
loader.exec_module(tidy)

HEADER = "// What it is for.\n#pragma once\n"


def class_of(members, name="Wide"):
    """Functions, data, and what is no member: types, friends, labels, what stands in bodies and initializers."""
    return (f"template <class T>\nclass {name} final " + ": public Base<T> {\npublic:\n    using Key = int;\n"
            "    struct Part { int a; int b; };\n    friend class Other;\n    enum class Kind { a, b };\n"
            f"    {name}()" + " : a_{1}, b_(2) { a(); b(); }\n"
            + "    void f() const { if (a_) { g(); h(); } }\n    int a_{0};\n" * ((members - 1) // 2)
            + "private:\n    Part last_ = {.a = 1};\n" * ((members - 1) % 2) + "};\n")


def in_gateway(text):
    return "namespace tutti::services::gateway {\n" + text + "}\n"


# A small repository without a breach; its files are what the broken ones lean on.
CLEAN = {
    "README.md": "[the design](docs/architecture.md#layers) and [elsewhere](https://example.org/x)\n",
    "docs/architecture.md": "# Layers\n",
    "docs/decisions/0001-first.md": "# First\n",
    "include/tutti/clock.hpp": HEADER + "#include <time.h>\n#include <chrono>\n",
    "include/tutti/memory_cache.hpp": HEADER + '#include <map>\n\n#include "tutti/clock.hpp"\n',
    "include/tutti/asio.hpp": HEADER + "#include <boost/asio/post.hpp>\n",
    "src/base/gate.hpp": HEADER,
    "src/base/print.cpp": "void f() { std::fprintf(stderr, \"an assertion\"); }\n",
    "src/base/full.hpp": HEADER + class_of(tidy.CLASS_MEMBERS_WARN, "Full"),
    "src/base/full.cpp": "\n" * tidy.SOURCE_LINES_WARN,
    # As wide as may be, and a string that is no comment.
    "src/base/width.cpp": "// " + "x" * 97 + "\nauto text = R\"(// " + "x" * 120 + ")\";\n",
    "src/base/CMakeLists.txt": "tutti_library(base SOURCES print.cpp)\n",
    "src/load/flight.cpp": '#include "base/gate.hpp"\n#include "tutti/clock.hpp"\n'
                           "// std::cout and sleep_for( in a comment\n"
                           'auto text = "printf(";\nauto n = 1\'000\'000; auto m = snprintf(b, 1, f);\n',
    "src/load/CMakeLists.txt": "# not on tutti_redis\ntutti_library(load DEPENDS base SOURCES flight.cpp)\n",
    "src/redis/connection.cpp": "#include <boost/asio/ip/tcp.hpp>\n#include <hiredis/hiredis.h>\n",
    # Types of one name that are no two definitions: declared, of another scope, nested, or hidden.
    "src/base/types.hpp": HEADER + "namespace tutti {\nstruct Reply;\nclass Reply { struct Part {}; struct Impl; };\n"
                          "struct Part {};\nnamespace redis { struct Reply {}; }\n}\n",
    "src/base/types.cpp": "namespace tutti {\nnamespace {\nstruct Part {};\n}\n"
                          "struct Reply::Impl {};\ntemplate <class Part> void f() { struct Reply {}; }\n}\n",
    "services/common/http/server.cpp": "#include <boost/beast/http/parser.hpp>\n",
    "services/common/secret.hpp": HEADER,
    "services/fleet/main.cpp": '#include "api-gateway/gateway.hpp"\n#include "common/secret.hpp"\n',
    "services/api-gateway/gateway.hpp": HEADER + "namespace tutti::services::gateway {\n"
                                        "class Gateway { struct Impl; void stop(); };\nvoid help(int);\n}\n",
    # Its own header declares what it defines; the rest is of this file alone, or of a type in it.
    "services/api-gateway/gateway.cpp":
        '#include "api-gateway/gateway.hpp"\nnamespace tutti::services::gateway {\nnamespace {\n'
        "struct Plan {};\nint local() { return 1; }\n}\nstruct Gateway::Impl {};\n"
        "void Gateway::stop() { if (true) {} }\nvoid help(int a) { auto f = [&] { return a; }; f(); }\n"
        "static void hidden() {}\n}\n",
    "services/common/http/server_impl.hpp": HEADER + "namespace tutti::services::http {\nvoid part();\n}\n",
    "cli/main.cpp": '#include "common/secret.hpp"\n#include "tutti/clock.hpp"\n',
    "tests/simulation/mutations/load/turns.cpp.mutations":
        "rule gaps\nwhy R4\nby storm lossy\n- a\n+ b\n\nrule probes\nwhy R1\nby script\n- c\n+ d\n",
    "tests/simulation/mutants_test.cpp": "expect_needed(Rule::probes, [] { return false; });\n",
    # A thread in a comment, a name of one, one behind an interface; and what a unit test may with a reason.
    "tests/unit/load/flight_test.cpp": "// std::thread and fork()\n#include <future>\nstd::thread::id where;\n"
                                       "auto node = Node::create({});\nauto fork = children.fork;\n",
    "tests/unit/memory/thread_test.cpp": "#include <thread>\n",
    "tests/threads/node/life_test.cpp": "#include <thread>\nstd::jthread thread;\n",
    "tests/unit/load/words_test.cpp":
        "INSTANTIATE_TEST_SUITE_P(, Suite, Values(std::pair{1, 2}, f(a, b)),\n    Word());\n"
        "INSTANTIATE_TEST_SUITE_P(All, Suite, ValuesIn(all), [](const auto& a) { return f(a, b); });\n",
    "tests/integration/cut_test.cpp": "void f() { std::this_thread::sleep_for(1s); }\n",
}

# rule -> trees (each a set of files added to CLEAN) that break it.
BREACHES = {
    "include-direction": [
        {"src/memory/table.cpp": '#include "redis/pool.hpp"\n', "src/redis/pool.hpp": HEADER},
        {"src/base/up.cpp": '#include "load/flight.hpp"\n', "src/load/flight.hpp": HEADER},
        {"src/embedded/hub.cpp": '#include "redis/pool.hpp"\n', "src/redis/pool.hpp": HEADER},
        {"src/node/node.cpp": '#include "common/secret.hpp"\n'},
        {"include/tutti/node.hpp": HEADER + '#include "base/gate.hpp"\n'},
        {"services/ai-worker/main.cpp": '#include "base/gate.hpp"\n'},
        {"services/ai-worker/main.cpp": '#include "api-gateway/gateway.hpp"\n'},
        {"services/ai-worker/main.cpp": '#include "../api-gateway/gateway.hpp"\n'},
        {"cli/top.cpp": '#include "base/gate.hpp"\n'},
        {"cli/top.cpp": '#include "api-gateway/gateway.hpp"\n'},
        {"examples/near.cpp": '#include "base/gate.hpp"\n'},
    ],
    "readme-shows-what-compiles": [
        {"README.md": "```cpp\nint main() {}\n```\n", "examples/readme.cpp": "int main() { return 1; }\n"},
    ],
    "enumerations-print": [
        {"include/tutti/word.hpp": HEADER + "enum class Word : unsigned char { a };\n"},
        {"include/tutti/word.hpp": HEADER + "struct S {\n    enum class Word : std::uint8_t { a };\n};\n"
                                   "std::string_view to_string(Wording word);\n"},
    ],
    "link-direction": [
        {"src/memory/CMakeLists.txt": "tutti_library(memory DEPENDS base redis SOURCES a.cpp)\n"},
        {"src/memory/CMakeLists.txt": "add_library(m a.cpp)\ntarget_link_libraries(m tutti_load)\n"},
        {"src/memory/CMakeLists.txt": "tutti_library(load DEPENDS base)\n"},
        {"src/cloud/CMakeLists.txt": "tutti_library(cloud)\n"},
        {"services/fleet/CMakeLists.txt": "target_link_libraries(fleet PRIVATE tutti_node)\n"},
    ],
    "without-io": [
        {"src/coherence/lease.cpp": "#include <sys/socket.h>\n"},
        {"src/coherence/lease.cpp": '#include "tutti/asio.hpp"\n'},
        {"src/load/log.cpp": "#include <iostream>\n"},
        {"src/memory/file.cpp": "#include <unistd.h>\n"},
    ],
    "memory-tier-alone": [
        {"include/tutti/memory_cache.hpp": HEADER + "#include <boost/container/map.hpp>\n"},
        {"include/tutti/memory_cache.hpp": HEADER + '#include "tutti/asio.hpp"\n'},
    ],
    "beast-is-contained": [
        {"src/observe/endpoint.cpp": "#include <boost/beast/http/write.hpp>\n"},
        {f"services/common/http/part{n}.cpp": "#include <boost/asio/ssl/stream.hpp>\n" for n in range(8)},
    ],
    "no-umbrella-include": [
        {"src/redis/all.cpp": "#include <boost/asio.hpp>\n"},
        {"services/common/http/all.cpp": "#include <boost/beast.hpp>\n"},
        {"tests/unit/a_test.cpp": "#include <bits/stdc++.h>\n"},
    ],
    "public-headers-are-few": [{f"include/tutti/h{n}.hpp": HEADER for n in range(tidy.PUBLIC_HEADERS_MAX + 1)}],
    "file-size": [
        {"include/tutti/long.hpp": HEADER + "\n" * 250},
        {"src/base/long.cpp": "\n" * (tidy.SOURCE_LINES_MAX + 1)},
        {"tools/tidy": "\n" * (tidy.SOURCE_LINES_MAX + 1)},
    ],
    "class-size": [
        {"src/base/wide.hpp": HEADER + class_of(tidy.CLASS_MEMBERS_MAX + 1)},
        {"src/base/wide.hpp": HEADER + "struct Outer {\n" + class_of(tidy.CLASS_MEMBERS_MAX + 1) + "int a;\n};\n"},
        {"tests/unit/wide_test.cpp": class_of(tidy.CLASS_MEMBERS_MAX + 1).replace("class Wide", "struct Outer::Wide")},
    ],
    "one-definition": [
        {"src/base/a.hpp": HEADER + "namespace tutti {\nstruct Reply { int a; };\n}\n",
         "src/redis/b.hpp": HEADER + "namespace tutti {\nclass Reply final : public Base {};\n}\n"},
        {"src/base/a.hpp": HEADER + "namespace tutti { namespace {} enum class Kind : int { a }; }\n",
         "src/redis/b.cpp": "namespace tutti {\nvoid f() {}\nunion Kind {};\n}\n"},
    ],
    "one-name-for-each-type": [
        {"services/api-gateway/other.cpp": in_gateway("namespace {\nstruct Plan {};\n}\n")},
        {"services/api-gateway/other.hpp": HEADER + in_gateway("struct Plan {};\n")},
    ],
    "a-namespace-for-each-folder": [
        {"services/api-gateway/jobs/job.hpp": HEADER + in_gateway("struct Job {};\n")},
        {"services/common/net/url.hpp": HEADER + "namespace tutti::services {\nstruct Url {};\n}\n"},
        {"services/bot-client/a.cpp": "namespace {\nstruct A {};\n}\n"},
        {"services/fleet/plan.hpp": HEADER + "namespace tutti::services::fleets {\nenum class Plan { a };\n}\n"},
    ],
    "own-header": [
        {"services/api-gateway/stop.cpp": in_gateway("void Gateway::stop() {}\n")},
        {"services/api-gateway/help.cpp": in_gateway("void help(int a) { f(a); }\n"),
         "services/api-gateway/help.hpp": HEADER + in_gateway("void helping(int);\n")},
        {"services/api-gateway/free.cpp": in_gateway("namespace {\nvoid f() {}\n}\nauto g() -> int { f(); }\n")},
        {"services/common/http/server.cpp": "namespace tutti::services::http {\nvoid part2() {}\n}\n"},
    ],
    "header-opening": [
        {"src/base/bare.hpp": "#pragma once\n"},
        {"include/tutti/bare.hpp": "// What it is for.\n"},
    ],
    "comment-width": [
        {"src/base/wide.cpp": "int a;  // " + "x" * 90 + "\n"},
        {"tests/unit/wide_test.cpp": "/* short\n" + "x" * 101 + " */\n"},
    ],
    "banned-call": [
        {"tests/unit/a_test.cpp": "void f() { std::this_thread::sleep_for(1s); }\n"},
        {"src/node/a.cpp": "void f() { ::usleep(10); }\n"},
        {"services/bot-client/a.cpp": "namespace {\nvoid f() { sleep(1); }\n}\n"},
        {"src/coherence/a.cpp": "auto t = std::chrono::system_clock::now();\n"},
        {"src/load/a.cpp": "auto t = std::chrono::steady_clock::now();\n"},
        {"src/node/a.cpp": "void f() { std::cout << 1; }\n"},
        {"src/node/a.cpp": 'void f() { std::printf("%d", 1); }\n'},
        {"src/node/a.cpp": 'void f() { std::fprintf(file, "%d", 1); }\n'},
        {"tests/unit/a_test.cpp": "int f() { return rand(); }\n"},
        {"services/fleet/a.cpp": "std::regex wire;\n"},
        {"src/node/a.hpp": HEADER + "mutable std::mutex mutex_;\n"},
        {"include/tutti/a.hpp": HEADER + "std::shared_mutex mutex_;\n"},
        {"cli/a.cpp": "std::unique_lock lock(m);\n"},
        {"services/api-gateway/a.cpp": "namespace {\nvoid f() { const std::lock_guard lock(m); }\n}\n"},
    ],
    "unit-is-alone": [
        {"tests/unit/load/a_test.cpp": "void f() { std::jthread thread(g); }\n"},
        {"tests/unit/load/a_test.cpp": "auto later = std::async(g);\n"},
        {"tests/unit/load/a_test.hpp": HEADER + "#include <filesystem>\n"},
        {"tests/unit/common/a_test.cpp": "#include <sys/socket.h>\n"},
        {"tests/unit/common/a_test.cpp": '#include "support/redis_server.hpp"\n'},
        {"tests/unit/node/a_test.cpp": "if (::fork() == 0) g();\n"},
    ],
    "parameters-print-as-words": [
        {"tests/unit/load/a_test.cpp": "INSTANTIATE_TEST_SUITE_P(All, Suite, Values(1, f(2, 3)));\n"},
        {"tests/stress/a_test.cpp": "INSTANTIATE_TEST_SUITE_P(\n    , Suite,\n    Values(Case{1, 2},\n    Case{3, 4}));\n"},
    ],
    "each-mutant-has-its-script": [
        {"tests/simulation/mutations/load/a.cpp.mutations": "rule leases\nwhy R1\nby script\n- a\n+ b\n"},
        {"tests/simulation/mutants_test.cpp": "// nothing about it\n"},
    ],
    "no-leftovers": [
        {"src/node/a.cpp": "// TO" + "DO: later\n"},
        {"docs/architecture.md": "FIX" + "ME\n"},
    ],
    "no-machine-paths": [
        {"docs/architecture.md": "see /home" + "/somebody/notes\n"},
        {"cmake/x.cmake": "set(a /work" + "/main)\n"},
    ],
    "ascii-only": [{"src/node/a.cpp": "// na\u00efve\n"}],
    "decisions-are-numbered": [
        {"docs/decisions/0003-gap.md": "# Gap\n"},
        {"docs/decisions/0001-twice.md": "# Twice\n"},
        {"docs/decisions/notes.md": "# Notes\n"},
        {"docs/decisions/0002-Upper_Case.md": "# Case\n"},
    ],
    "links-lead-somewhere": [{"docs/guide.md": "[gone](nowhere.md)\n"}],
}

# rule -> a tree about which it warns without breaking it.
WARNINGS = {
    "file-size": {"src/base/long.cpp": "\n" * (tidy.SOURCE_LINES_WARN + 1)},
    "class-size": {"src/base/wide.hpp": HEADER + class_of(tidy.CLASS_MEMBERS_WARN + 1)},
}


@contextlib.contextmanager
def tree_of(files):
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = Path(root) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield root


def broken_rules(files):
    with tree_of(files) as root:
        return tidy.check(root)


def status_and_output(files):
    with tree_of(files) as root, contextlib.redirect_stdout(io.StringIO()) as output:
        return tidy.main(root), output.getvalue()


class TidyTest(unittest.TestCase):
    maxDiff = None

    def test_a_clean_tree_passes(self):
        self.assertEqual(broken_rules(CLEAN), [])

    def test_every_rule_has_a_tree_that_breaks_it(self):
        self.assertEqual({tidy.rule_name(r) for r in tidy.RULES}, set(BREACHES))

    def test_each_rule_finds_its_breach_and_no_other_rule_does(self):
        for rule, trees in BREACHES.items():
            for files in trees:
                with self.subTest(rule=rule, files=sorted(files)):
                    found = broken_rules(CLEAN | files)

                    self.assertEqual({name for name, _ in found}, {rule}, found)
                    self.assertTrue(all(finding.path and finding.line for _, finding in found))
                    self.assertFalse(any(finding.is_warning for _, finding in found), found)

    def test_a_warning_is_printed_and_breaks_nothing(self):
        for rule, files in WARNINGS.items():
            with self.subTest(rule=rule):
                status, output = status_and_output(CLEAN | files)

                self.assertEqual(status, 0)
                self.assertIn(f": {rule}: warning: ", output)
                self.assertIn("0 breaches, 1 warnings", output)

    def test_a_breach_is_the_exit_code(self):
        status, output = status_and_output(CLEAN | BREACHES["class-size"][0])

        self.assertEqual(status, 1)
        self.assertIn("1 breaches, 0 warnings", output)

    def test_layers_name_only_layers(self):
        for below in tidy.LAYERS.values():
            self.assertLessEqual(set(below), set(tidy.LAYERS))


if __name__ == "__main__":
    unittest.main()
