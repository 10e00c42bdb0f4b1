// Which options there are, and nothing else.
#include "cli/cli.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "cli/channel_options.hpp"
#include "cli/commands.hpp"
#include "cli/option_kinds.hpp"
#include "tutti/pattern.hpp"

namespace tutti::cli {
namespace {

// An option that takes one of a few words.
template <class T>
void add_choice(CLI::App& command, const std::string& name, const std::map<std::string, T>& words,
                std::function<void(T)> choose, const std::string& help) {
    const auto read = [name, words, choose = std::move(choose)](const std::string& word) {
        const auto found = words.find(word);
        if (found != words.end()) return choose(found->second);
        std::string known;
        for (const auto& [text, value] : words) known += (known.empty() ? "" : " or ") + text;
        throw CLI::ValidationError(name, "must be " + known + ", not '" + word + "'");
    };
    command.add_option_function<std::string>(name, read, help)->type_name("WORD");
}

void add_audit(CLI::App& app, const Surroundings& around, Action& action) {
    const auto options = std::make_shared<AuditOptions>();
    CLI::App* command =
        app.add_subcommand("audit", "Print which caches there are and how each is graded");
    add_processes(*command, "PROCESS", options->urls,
                  "Running processes to ask, such as 127.0.0.1:3001; what they answer on "
                  "GET /audit\nis merged. Without one: what the bot platform declares that "
                  "demonstrates Tutti");
    add_choice<Format>(
        *command, "--format",
        {{"text", Format::text},
         {"markdown", Format::markdown},
         {"json", Format::json},
         {"document", Format::document}},
        [options](Format format) { options->format = format; },
        "text, markdown, json, or document: the whole of docs/caching-audit.md (default: text)");
    command->add_flag("--check", options->check, "Exit 1 when a cache is graded CRITICAL");
    add_time(*command, "--timeout", options->timeout, "So long a process may take to answer");
    command->footer(
        "Exit code: 0; 1 with --check and something CRITICAL; 2 when a URL is unreachable or\n"
        "answers wrongly (what the others answered is still printed), or when --check found\n"
        "nothing to check.");
    command->callback([options, around, &action] {
        action = [options, around] {
            return audit(*options, around.out, around.err, around.world);
        };
    });
}

void add_advise(CLI::App& app, const Surroundings& around, Action& action) {
    const auto options = std::make_shared<AdviseOptions>();
    CLI::App* command = app.add_subcommand(
        "advise", "Say which pattern a cache needs; without options: the whole tree");
    add_choice<Stale>(
        *command, "--stale", {{"wrong", Stale::wrong}, {"acceptable", Stale::acceptable}},
        [options](Stale stale) { options->stale = stale; },
        "wrong or acceptable: may a reader get an answer that is no longer true?");
    command->add_flag("--expensive-source", options->need.expensive_source,
                      "Every load costs money, quota or seconds");
    command->add_flag("--read-heavy", options->need.read_heavy,
                      "The value is in the store already and is read all the time");
    command->add_flag("--rate-limit", options->need.rate_limit,
                      "Counts or spaces out actions; each instance on its own is right");
    command->add_flag("--once-in-fleet", options->need.once_in_fleet,
                      "An action must happen once, whichever instance is asked");
    command->callback([options, around, &action] {
        action = [options, around] { return advise(*options, around.out, around.err); };
    });
}

void add_top(CLI::App& app, const Surroundings& around, Action& action) {
    struct Parsed {
        TopCommand command;
        bool plain = false;
    };
    const auto parsed = std::make_shared<Parsed>();
    CLI::App* command =
        app.add_subcommand("top", "Watch what the caches of running processes do, by the second");
    add_processes(*command, "PROCESS", parsed->command.urls,
                  "Running processes to ask, such as 127.0.0.1:3001, as audit does")
        .required();
    add_time(*command, "--every", parsed->command.every, "Between two looks",
             {.least = std::chrono::milliseconds{100}});
    command
        ->add_option("--rounds", parsed->command.rounds,
                     "So many, then end (default: until it is interrupted)")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}).description(""))
        ->type_name("COUNT");
    command->add_option("--rows", parsed->command.rows_max, "Caches to show, the busiest first")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1000}).description(""))
        ->type_name("COUNT")
        ->capture_default_str();
    command->add_flag("--plain", parsed->plain, "Do not clear the terminal before each round");
    add_time(*command, "--timeout", parsed->command.timeout, "So long a process may take");
    command->footer("Exit code: 0; 2 when a process did not answer the last look.");
    command->callback([parsed, around, &action] {
        action = [parsed, around] {
            parsed->command.clears = !parsed->plain;
            return top(parsed->command, around.out, around.world);
        };
    });
}

void add_doctor(CLI::App& app, const Surroundings& around, Action& action) {
    const auto given = std::make_shared<DoctorCommand>();
    CLI::App* command = app.add_subcommand(
        "doctor", "Say whether a Redis is fit for a fleet, and what its user must be allowed");
    command
        ->add_option("URL", given->urls,
                     "As a node is given it: redis://user:password@host:6379, rediss:// for TLS,\n"
                     "or unix:///path/to.sock. Without one: $REDIS_URL")
        ->type_name("");
    command
        ->add_option("--keys", given->options.key_prefixes,
                     "What the keys of the values begin with; may be given several times")
        ->type_name("PREFIX")
        ->allow_extra_args(false);
    command
        ->add_option("--channels", given->options.channels,
                     "A channel of the caches, as they declare it; may be given several times")
        ->type_name("NAME")
        ->allow_extra_args(false);
    command
        ->add_option("--app", given->options.app,
                     "What the nodes say as their app (default: a name that none has)")
        ->type_name("NAME");
    command->add_flag_callback("--json", [given] { given->format = Format::json; }, "Print JSON");
    add_time(*command, "--timeout", given->options.timeout, "So long it may take altogether");
    command->footer(
        "Exit code: 0; 1 when there is a problem, because of which a node does not start or fails\n"
        "later; 2 when the server cannot be reached or does not let this user in.");
    command->callback([given, around, &action] {
        action = [given, around] { return doctor(*given, around.out, around.err, around.world); };
    });
}

// "", "--keys=", "--keys=''".
bool is_empty_word(const std::string& word) {
    return word.empty() || (word.starts_with("--") && word.ends_with('='));
}

}  // namespace

std::string without_credentials(std::string text) {
    for (std::size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at)) {
        at += 3;
        const std::size_t end = std::min(text.find_first_of(" \n", at), text.size());
        const std::size_t host = text.substr(at, end - at).rfind('@');
        if (host != std::string::npos) text.erase(at, host + 1);
    }
    return text;
}

int run(std::span<const std::string> arguments, std::ostream& out, std::ostream& err,
        const World& world) {
    CLI::App app("Tutti keeps the caches of a service coherent when it runs as many instances.",
                 "tutti");
    app.set_version_flag("--version", "tutti " TUTTI_VERSION);
    app.require_subcommand(0, 1);  // none is reported below, after what is unknown
    Action action;
    add_audit(app, {out, err, world}, action);
    add_advise(app, {out, err, world}, action);
    add_doctor(app, {out, err, world}, action);
    add_invalidate(app, {out, err, world}, action);
    add_replay(app, {out, err, world}, action);
    add_explain(app, {out, err, world}, action);
    add_probe(app, {out, err, world}, action);
    add_top(app, {out, err, world}, action);

    const auto refuse = [&](std::string_view why) {
        err << "tutti: " << why << "\nRun tutti --help, or tutti COMMAND --help.\n";
        return exit_failed;
    };
    // The parser takes an empty word for no word.
    if (std::ranges::any_of(arguments, is_empty_word)) {
        return refuse("an argument is empty: is a variable in the command not set?");
    }
    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // from the back
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0) return refuse(without_credentials(error.what()));
        // --help and --version; the parser then forgets what it has not understood.
        if (const auto unknown = app.remaining(true); !unknown.empty()) {
            return refuse("not understood: " + without_credentials(unknown.front()));
        }
        return app.exit(error, out, err);
    }
    return action ? action()
                  : refuse(
                        "a command is missing: audit, advise, doctor, invalidate, replay, explain, "
                        "probe or top");
}

}  // namespace tutti::cli
