#include "cli/channel_options.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"

namespace tutti::cli {
namespace {

template <class Command>
struct Parsed {
    Command command;
    unsigned timeout_seconds = 5;
};

template <class Command>
void add_url(CLI::App& to, Parsed<Command>& parsed) {
    to.add_option(
          "URL", parsed.command.channel.url,
          "As a node is given it: redis://user:password@host:6379, rediss:// for TLS, or\n"
          "unix:///path/to.sock. -: $REDIS_URL, which keeps it out of the list of processes")
        ->required()
        ->type_name("");
}

template <class Command>
void add_channel(CLI::App& to, Parsed<Command>& parsed) {
    to.add_option("CHANNEL", parsed.command.channel.of.channel, "As the caches declare it")
        ->required()
        ->type_name("");
}

// What all of them have, and the call.
template <class Command, class Run>
void finish(CLI::App& to, const std::shared_ptr<Parsed<Command>>& parsed,
            const Surroundings& around, Action& action, Run run) {
    to.add_option("--app", parsed->command.channel.of.app,
                  "What the nodes say as their app (default: that of the shipped services)")
        ->type_name("NAME");
    to.add_flag_callback(
        "--json", [parsed] { parsed->command.channel.format = Format::json; }, "Print JSON");
    to.add_option("--timeout", parsed->timeout_seconds, "Seconds that the server may take")
        ->check(CLI::Range(1U, 3600U).description(""))
        ->type_name("SECONDS")
        ->capture_default_str();
    to.callback([parsed, around, &action, run = std::move(run)] {
        action = [parsed, around, run] {
            parsed->command.channel.of.timeout = std::chrono::seconds{parsed->timeout_seconds};
            return run(parsed->command, around.out, around.err, around.world);
        };
    });
}

}  // namespace

void add_invalidate(CLI::App& app, const Surroundings& around, Action& action) {
    const auto parsed = std::make_shared<Parsed<InvalidateCommand>>();
    CLI::App* const to = app.add_subcommand(
        "invalidate", "Say that the data behind keys has changed; every instance forgets them");
    add_url(*to, *parsed);
    add_channel(*to, *parsed);
    to->add_option("KEY", parsed->command.keys, "What has changed, as the cache's key is written")
        ->type_name("");
    to->add_option("--tag", parsed->command.tags,
                   "What carries this tag, in place of KEY; may be given again")
        ->type_name("TAG")
        ->allow_extra_args(false);
    to->add_flag("--all", parsed->command.all, "Every key of the channel, in place of KEY");
    to->add_flag("--dry-run", parsed->command.dry_run,
                 "Show what would be published, and who would hear it");
    to->add_flag("--ack", parsed->command.ack,
                 "Wait until every instance has applied it: a wait-out, 3.65 s by default");
    to->add_option(
          "--event", parsed->command.event,
          "How programs without Tutti are told: the type of the event and the member that\n"
          "holds the key, such as user:discordId (default: they are not)")
        ->type_name("TYPE:MEMBER");
    to->footer(
        "Exit code: 0 when it is published (with --ack: done); 1 when it is unconfirmed; 2 when "
        "it\n"
        "could not be tried, for instance because no node has used such a channel.");
    finish(*to, parsed, around, action, invalidate);
}

void add_replay(CLI::App& app, const Surroundings& around, Action& action) {
    const auto parsed = std::make_shared<Parsed<ReplayCommand>>();
    CLI::App* const to = app.add_subcommand(
        "replay", "Print the log of a channel, and whether each entry continues the one before");
    add_url(*to, *parsed);
    add_channel(*to, *parsed);
    to->add_option("--since", parsed->command.since,
                   "The first sequence (default: as far back as the log goes; it has no times)")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 53U).description(""))
        ->type_name("SEQUENCE");
    to->add_option("--max", parsed->command.entries_max, "So many entries at most")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}).description(""))
        ->type_name("COUNT")
        ->capture_default_str();
    to->footer("Exit code: 0; 1 when the log is broken; 2 when it could not be read.");
    finish(*to, parsed, around, action, replay);
}

void add_explain(CLI::App& app, const Surroundings& around, Action& action) {
    const auto parsed = std::make_shared<Parsed<ExplainCommand>>();
    CLI::App* const to = app.add_subcommand(
        "explain",
        "Say what is known of a key: its last invalidation, who has applied it, what is stored");
    add_url(*to, *parsed);
    to->add_option("CACHE", parsed->command.cache, "The cache's name, as it is declared")
        ->required()
        ->type_name("");
    to->add_option("KEY", parsed->command.key, "As the cache's key is written")
        ->required()
        ->type_name("");
    to->add_option("--channel", parsed->command.channel.of.channel,
                   "The channel of the cache (default: as the shipped services declare it)")
        ->type_name("NAME");
    to->add_option(
          "--ask", parsed->command.processes,
          "An instance, such as 127.0.0.1:3001, to ask what it holds in memory, which only\n"
          "it knows; may be given several times")
        ->type_name("PROCESS")
        ->allow_extra_args(false);
    to->footer("Exit code: 0; 2 when it could not be found out, or a process did not answer.");
    finish(*to, parsed, around, action, explain);
}

void add_probe(CLI::App& app, const Surroundings& around, Action& action) {
    struct Times {
        unsigned lasts_seconds = 60;
        unsigned patience_ms = 200;
    };
    const auto parsed = std::make_shared<Parsed<ProbeCommand>>();
    const auto times = std::make_shared<Times>();
    ProbeCommand& command = parsed->command;
    CLI::App* const to = app.add_subcommand(
        "probe",
        "Ask every instance, some time after invalidations, whether it serves older values");
    add_url(*to, *parsed);
    add_channel(*to, *parsed);
    to->add_option("PROCESS", command.processes,
                   "The instances, such as 127.0.0.1:3001; each answers GET /holdings")
        ->required()
        ->type_name("");
    to->add_option("--within", command.within,
                   "So long after an invalidation they are asked, such as 100ms,5s\n"
                   "(default: 100ms,1s,10s)")
        ->type_name("TIME")
        ->delimiter(',')
        ->allow_extra_args(false);
    to->add_option("--one-in", command.one_in, "Follow one invalidation of a key in so many")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""))
        ->type_name("N")
        ->capture_default_str();
    to->add_option("--rate", command.rate_max, "And so many in a second at most")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000}).description(""))
        ->type_name("N")
        ->capture_default_str();
    to->add_option("--for", times->lasts_seconds, "Follow new ones for so long")
        ->check(CLI::Range(1U, 30U * 24 * 3600).description(""))
        ->type_name("SECONDS")
        ->capture_default_str();
    to->add_option("--samples", command.samples_max, "End when so many are followed")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""))
        ->type_name("COUNT");
    to->add_option("--patience", times->patience_ms,
                   "Milliseconds that an answer may take; what comes later is not known")
        ->check(CLI::Range(1U, 60'000U).description(""))
        ->type_name("MS")
        ->capture_default_str();
    to->footer(
        "Exit code: 0; 1 when an instance could serve an older value at the longest --within; 2\n"
        "when something is not known, or no invalidation of a key came.");
    finish(*to, parsed, around, action,
           [times](ProbeCommand given, std::ostream& out, std::ostream& err, const World& world) {
               given.lasts = std::chrono::seconds{times->lasts_seconds};
               given.patience = std::chrono::milliseconds{times->patience_ms};
               return probe(std::move(given), out, err, world);
           });
}

}  // namespace tutti::cli
