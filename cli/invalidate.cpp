// `tutti invalidate`: what a process publishes, by hand.
#include <unistd.h>

#include <future>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include <boost/describe/class.hpp>

#include "cli/channel_view.hpp"
#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "tutti/json.hpp"
#include "tutti/node.hpp"
#include "tutti/outbox.hpp"

namespace tutti::cli {
namespace {

using namespace std::chrono_literals;

constexpr const char* command_name = "invalidate";

struct Planned {
    std::vector<std::string> keys{};
    std::vector<std::string> tags{};
    bool all = false;
    std::string event{};  // how programs without Tutti would be told; empty: not at all
    ChannelView would_hear{};
};
BOOST_DESCRIBE_STRUCT(Planned, (), (keys, tags, all, event, would_hear))

struct Outcome {
    std::string outcome;  // published, done, unconfirmed
    std::string by;       // of done: acknowledgements or wait-out
    std::string epoch;
    std::uint64_t sequence = 0;
    std::int64_t took_ms = 0;
    std::string reason;
    std::vector<std::string> silent;
};
BOOST_DESCRIBE_STRUCT(Outcome, (), (outcome, by, epoch, sequence, took_ms, reason, silent))

// "user:discordId"
std::optional<PlainEvent> event_in(const std::string& text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) return std::nullopt;
    return PlainEvent{.type = text.substr(0, colon), .key = text.substr(colon + 1)};
}

const char* wrong_with(const InvalidateCommand& command) {
    const bool tagged = !command.tags.empty();
    if (command.all && !command.keys.empty()) return "name keys, or say --all, not both";
    if (tagged && (command.all || !command.keys.empty()))
        return "--tag stands alone: without KEY and --all";
    if (!command.all && command.keys.empty() && !tagged)
        return "name at least one KEY, or say --tag or --all";
    if (!command.event.empty() && !event_in(command.event)) {
        return "--event: must be TYPE:MEMBER, such as user:discordId";
    }
    return nullptr;
}

void show_plan(const InvalidateCommand& command, const KeySet& changed, ChannelView view,
               std::ostream& out) {
    if (command.channel.format == Format::json) {
        out << json::write(Planned{.keys = changed.keys,
                                   .tags = changed.tags,
                                   .all = changed.all,
                                   .event = command.event,
                                   .would_hear = std::move(view)})
            << '\n';
        return;
    }
    out << "would publish: " << names_of(changed) << "\nto whom:\n";
    print(out, view);
    out << (command.event.empty() ? "programs without Tutti would not be told (--event)\n"
                                  : "programs without Tutti would be told, too\n");
}

// A node of its own, for one publication. It keeps nothing, so it is no member: nobody's `done`
// waits for it.
Result<Invalidation> publish(const InvalidateCommand& command, const KeySet& changed) {
    const auto& of = command.channel.of;
    auto node = Node::create({.name = "tutti-invalidate-" + std::to_string(::getpid()),
                              .service = "tutti",
                              .redis = command.channel.url,
                              .app = of.app,
                              .workers = 1});
    if (!node) return fail(std::move(node).error());
    InvalidatorOptions declared{
        .name = "by-hand", .changes = "what an operator invalidates", .channel = of.channel};
    if (auto event = event_in(command.event)) declared.plain = *std::move(event);
    const auto by_hand = (*node)->invalidator<std::string>(declared);
    if (auto started = (*node)->start(of.timeout); !started) {
        return fail(std::move(started).error());
    }
    // `done` takes a wait-out: a node that is young has nothing to compare acknowledgements with.
    Duration deadline = of.timeout;
    if (command.ack) deadline += (*node)->wait_out();
    std::promise<Invalidation> outcome;
    outbox::channel(of.channel, by_hand)
        .invalidate(changed,
                    {.ack = command.ack ? Ack::every_instance : Ack::none, .deadline = deadline},
                    [&](Invalidation each) { outcome.set_value(std::move(each)); });
    Invalidation found = outcome.get_future().get();
    (*node)->stop();
    return found;
}

int show(const Invalidation& outcome, Format format, std::ostream& out) {
    const std::string by(outcome.done() ? to_string(outcome.by) : "");
    if (format == Format::json) {
        out << json::write(
                   Outcome{.outcome = std::string(to_string(outcome.outcome)),
                           .by = by,
                           .epoch = hex_of(static_cast<std::uint64_t>(outcome.position.epoch)),
                           .sequence = outcome.position.sequence,
                           .took_ms = whole_milliseconds(outcome.took),
                           .reason = outcome.reason,
                           .silent = outcome.silent})
            << '\n';
    } else {
        out << to_string(outcome.outcome);
        if (outcome.published()) out << " at sequence " << outcome.position.sequence;
        if (!by.empty()) out << ", by " << by;
        out << ", in " << whole_milliseconds(outcome.took) << " ms\n";
        if (!outcome.reason.empty()) out << "  " << outcome.reason << '\n';
        for (const auto& member : outcome.silent) out << "  silent: " << in_quotes(member) << '\n';
    }
    return outcome.published() ? exit_success : exit_refused;
}

}  // namespace

int invalidate(InvalidateCommand command, std::ostream& out, std::ostream& err,
               const World& world) {
    if (const char* const wrong = wrong_with(command)) {
        err << "tutti invalidate: " << wrong << '\n';
        return exit_failed;
    }
    if (!complete(command.channel, command_name, err, world)) return exit_failed;
    const auto state = find_channel(command.channel, command_name, err);
    if (!state) return exit_failed;
    const KeySet changed{.keys = command.keys, .all = command.all, .tags = command.tags};
    if (command.dry_run) {
        show_plan(command, changed, view_of(*state, command.channel.of), out);
        return exit_success;
    }
    const auto outcome = publish(command, changed);
    if (!outcome) return say_failure(err, command_name, outcome.error());
    return show(*outcome, command.channel.format, out);
}

}  // namespace tutti::cli
