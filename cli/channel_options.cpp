#include "cli/channel_options.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>

#include "cli/commands.hpp"
#include "cli/option_kinds.hpp"

namespace tutti::cli {
namespace {

void add_url(CLI::App& to, ChannelOptions& options) {
    to.add_option(
          "URL", options.url,
          "As a node is given it: redis://user:password@host:6379, rediss:// for TLS, or\n"
          "unix:///path/to.sock. -: $REDIS_URL, which keeps it out of the list of processes")
        ->required()
        ->type_name("");
}

void add_channel(CLI::App& to, ChannelOptions& options) {
    to.add_option("CHANNEL", options.of.channel, "As the caches declare it")
        ->required()
        ->type_name("");
}

// What all of them have, and the call.
template <class Command, class Run>
void finish(CLI::App& to, const std::shared_ptr<Command>& command, const Surroundings& around,
            Action& action, Run run) {
    to.add_option("--app", command->channel.of.app,
                  "What the nodes say as their app (default: that of the shipped services)")
        ->type_name("NAME");
    to.add_flag_callback(
        "--json", [command] { command->channel.format = Format::json; }, "Print JSON");
    add_time(to, "--timeout", command->channel.of.timeout,
             "So long the server may take, and a process that is asked once");
    to.callback([command, around, &action, run = std::move(run)] {
        action = [command, around, run] {
            return run(*command, around.out, around.err, around.world);
        };
    });
}

}  // namespace

void add_invalidate(CLI::App& app, const Surroundings& around, Action& action) {
    const auto command = std::make_shared<InvalidateCommand>();
    CLI::App* const to = app.add_subcommand(
        "invalidate", "Say that the data behind keys has changed; every instance forgets them");
    add_url(*to, command->channel);
    add_channel(*to, command->channel);
    to->add_option("KEY", command->keys, "What has changed, as the cache's key is written")
        ->type_name("");
    to->add_option("--tag", command->tags,
                   "What carries this tag, in place of KEY; may be given again")
        ->type_name("TAG")
        ->allow_extra_args(false);
    to->add_flag("--all", command->all, "Every key of the channel, in place of KEY");
    to->add_flag("--dry-run", command->dry_run,
                 "Show what would be published, and who would hear it");
    to->add_flag("--ack", command->ack,
                 "Wait until every instance has applied it: a wait-out, 3.65 s by default");
    to->add_option(
          "--event", command->event,
          "How programs without Tutti are told: the type of the event and the member that\n"
          "holds the key, such as user:discordId (default: they are not)")
        ->type_name("TYPE:MEMBER");
    to->footer(
        "Exit code: 0 when it is published (with --ack: done); 1 when it is unconfirmed; 2 when "
        "it\n"
        "could not be tried, for instance because no node has used such a channel.");
    finish(*to, command, around, action, invalidate);
}

void add_replay(CLI::App& app, const Surroundings& around, Action& action) {
    const auto command = std::make_shared<ReplayCommand>();
    CLI::App* const to = app.add_subcommand(
        "replay", "Print the log of a channel, and whether each entry continues the one before");
    add_url(*to, command->channel);
    add_channel(*to, command->channel);
    to->add_option("--since", command->since,
                   "The first sequence (default: as far back as the log goes; it has no times)")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 53U).description(""))
        ->type_name("SEQUENCE");
    to->add_option("--max", command->entries_max, "So many entries at most")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}).description(""))
        ->type_name("COUNT")
        ->capture_default_str();
    to->footer("Exit code: 0; 1 when the log is broken; 2 when it could not be read.");
    finish(*to, command, around, action, replay);
}

void add_explain(CLI::App& app, const Surroundings& around, Action& action) {
    const auto command = std::make_shared<ExplainCommand>();
    CLI::App* const to = app.add_subcommand(
        "explain",
        "Say what is known of a key: its last invalidation, who has applied it, what is stored");
    add_url(*to, command->channel);
    to->add_option("CACHE", command->cache, "The cache's name, as it is declared")
        ->required()
        ->type_name("");
    to->add_option("KEY", command->key, "As the cache's key is written")->required()->type_name("");
    to->add_option("--channel", command->channel.of.channel,
                   "The channel of the cache (default: as the shipped services declare it)")
        ->type_name("NAME");
    add_processes(*to, "--ask", command->processes,
                  "Instances, such as 127.0.0.1:3001, to ask what they hold in memory, which only\n"
                  "they know");
    to->footer("Exit code: 0; 2 when it could not be found out, or a process did not answer.");
    finish(*to, command, around, action, explain);
}

void add_probe(CLI::App& app, const Surroundings& around, Action& action) {
    const auto command = std::make_shared<ProbeCommand>();
    CLI::App* const to = app.add_subcommand(
        "probe",
        "Ask every instance, some time after invalidations, whether it serves older values");
    add_url(*to, command->channel);
    add_channel(*to, command->channel);
    add_processes(*to, "PROCESS", command->processes,
                  "The instances, such as 127.0.0.1:3001; each answers GET /holdings")
        .required();
    add_times(*to, "--within", command->within,
              "So long after an invalidation they are asked, such as 100ms,5s");
    to->add_option("--one-in", command->one_in, "Follow one invalidation of a key in so many")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""))
        ->type_name("N")
        ->capture_default_str();
    to->add_option("--rate", command->rate_max, "And so many in a second at most")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000}).description(""))
        ->type_name("N")
        ->capture_default_str();
    add_time(*to, "--for", command->lasts, "Follow new ones for so long",
             {.most = std::chrono::hours{30 * 24}});
    to->add_option("--samples", command->samples_max, "End when so many are followed")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000'000}).description(""))
        ->type_name("COUNT");
    add_time(*to, "--patience", command->patience,
             "So long an answer may take; what comes later is not known",
             {.most = std::chrono::minutes{1}});
    to->footer(
        "Exit code: 0; 1 when an instance could serve an older value at the longest --within; 2\n"
        "when something is not known, no invalidation of a key came, or a process does not answer\n"
        "when it is asked first.");
    finish(*to, command, around, action, probe);
}

}  // namespace tutti::cli
