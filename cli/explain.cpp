// `tutti explain`: what log, members and store say of one key, and of the tags that its values
// carry, and what instances hold of it that are asked themselves.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <ranges>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "cli/channel_view.hpp"
#include "cli/commands.hpp"
#include "cli/processes.hpp"
#include "cli/text.hpp"
#include "tutti/inventory.hpp"
#include "tutti/json.hpp"

namespace tutti::cli {
namespace {

constexpr const char* name = "explain";

struct EventView {
    std::uint64_t sequence = 0;
    bool all = false;                  // it was of every key
    std::optional<std::string> tag{};  // that a stored value of the key carries
};
BOOST_DESCRIBE_STRUCT(EventView, (), (sequence, all, tag))

struct TagView {
    std::string tag{};
    std::optional<std::uint64_t> invalidated{};  // the sequence
    bool outdates = false;
};
BOOST_DESCRIBE_STRUCT(TagView, (), (tag, invalidated, outdates))

struct TagsView {
    std::uint64_t claimed = 0;  // the sequence when the load was allowed
    std::uint64_t floor = 0;    // each tag counts as invalidated by it
    bool outdated = false;      // so the value counts as absent
    std::vector<TagView> tags{};
};
BOOST_DESCRIBE_STRUCT(TagsView, (), (claimed, floor, outdated, tags))

struct ValueView {
    std::string prefix{};
    std::string form{};  // framed, raw, tagged
    std::optional<std::uint64_t> bytes{};
    std::optional<bool> current{};
    std::int64_t age_ms = 0;
    std::int64_t fresh_ms = 0;
    std::int64_t kept_ms = 0;
    std::optional<std::int64_t> claim_ms{};
    bool waited_for = false;
    std::optional<TagsView> tagged{};
};
BOOST_DESCRIBE_STRUCT(ValueView, (),
                      (prefix, form, bytes, current, age_ms, fresh_ms, kept_ms, claim_ms,
                       waited_for, tagged))

struct HeldView {
    std::string cache{};
    std::int64_t age_ms = 0;
    std::int64_t servable_for_ms = 0;
    bool suspect = false;
};
BOOST_DESCRIBE_STRUCT(HeldView, (), (cache, age_ms, servable_for_ms, suspect))

struct InstanceView {
    std::string process{};
    std::string node{};
    std::string member{};
    std::uint64_t applied = 0;
    std::vector<HeldView> held{};
    std::optional<std::string> failure{};  // it has not answered
};
BOOST_DESCRIBE_STRUCT(InstanceView, (), (process, node, member, applied, held, failure))

struct Explanation {
    std::string key{};
    std::optional<EventView> last_event{};
    std::uint64_t log_from = 0;  // the first sequence that the log still has
    std::vector<std::string> not_applied_by{};
    std::vector<ValueView> store{};
    std::vector<InstanceView> instances{};  // that were asked
    ChannelView channel{};
};
BOOST_DESCRIBE_STRUCT(Explanation, (),
                      (key, last_event, log_from, not_applied_by, store, instances, channel))

// Of the shipped services; a cache of another program needs --channel.
bool find_cache(ExplainCommand& command, std::ostream& err, const World& world) {
    if (!command.channel.of.channel.empty()) return true;
    const Inventory inventory = world.catalogue();
    const auto found = std::ranges::find(
        inventory, command.cache, [](const InventoryRow& row) { return row.declaration.name; });
    if (found == inventory.end()) {
        err << "tutti explain: the shipped services have no cache " << in_quotes(command.cache)
            << " (tutti audit names them); of a program of your own say --channel NAME\n";
        return false;
    }
    command.channel.of.channel = found->declaration.channel;
    if (!command.channel.of.channel.empty()) return true;
    err << "tutti explain: the cache " << in_quotes(command.cache)
        << " has no channel: no log tells of its keys\n";
    return false;
}

std::optional<EventView> last_event(const redis::LogPart& log, const std::string& key,
                                    const std::vector<redis::StoredState>& values) {
    std::vector<std::string> carried;
    for (const auto& value : values) {
        if (!value.tagged) continue;
        for (const auto& tag : value.tagged->tags) carried.push_back(tag.name);
    }
    for (const BusEntry& entry : log.entries | std::views::reverse) {
        const auto& [keys, all, tags] = entry.changed;
        const Sequence sequence = entry.position.sequence;
        if (all || std::ranges::find(keys, key) != keys.end())
            return EventView{.sequence = sequence, .all = all};
        const auto tag = std::ranges::find_first_of(tags, carried);
        if (tag != tags.end()) return EventView{.sequence = sequence, .tag = *tag};
    }
    return std::nullopt;
}

TagsView view_of(const redis::StoredTags& tagged) {
    TagsView view{.claimed = tagged.claimed, .floor = tagged.floor, .outdated = tagged.outdated()};
    for (const auto& [tag, invalidated, outdates] : tagged.tags) {
        view.tags.push_back({.tag = tag, .invalidated = invalidated, .outdates = outdates});
    }
    return view;
}

const char* form_of(const redis::StoredState& state) {
    if (state.raw) return "raw";
    return state.tagged ? "tagged" : "framed";
}

ValueView view_of(const redis::StoredState& state) {
    ValueView view{.prefix = state.prefix,
                   .form = form_of(state),
                   .bytes = state.bytes,
                   .current = state.current,
                   .age_ms = whole_milliseconds(state.age),
                   .fresh_ms = whole_milliseconds(state.fresh),
                   .kept_ms = whole_milliseconds(state.kept),
                   .waited_for = state.waited_for};
    if (state.claim) view.claim_ms = whole_milliseconds(*state.claim);
    if (state.tagged) view.tagged = view_of(*state.tagged);
    return view;
}

InstanceView view_of(const AskedHoldings& asked) {
    InstanceView view{.process = without_credentials(asked.process)};
    const auto& said = asked.holdings;
    if (!said) {
        view.failure = without_credentials(said.error().message());
        return view;
    }
    view.node = said->node;
    view.member = said->member;
    view.applied = said->applied;
    for (const Holding& held : said->held) {
        view.held.push_back({.cache = held.cache,
                             .age_ms = whole_milliseconds(held.age),
                             .servable_for_ms = whole_milliseconds(held.servable_for),
                             .suspect = held.suspect});
    }
    return view;
}

void print(std::ostream& out, const TagsView& tagged) {
    out << "    its load was allowed at sequence " << tagged.claimed
        << (tagged.tags.empty() ? ", and it carries no tag\n" : "\n");
    for (const auto& [tag, invalidated, outdates] : tagged.tags) {
        out << "    tag " << in_quotes(tag) << ": ";
        if (invalidated) {
            out << "last invalidated at sequence " << *invalidated
                << (outdates ? "" : ", before that");
        } else if (tagged.floor > 0) {
            out << "not invalidated since sequence " << tagged.floor;
        } else {
            out << "never invalidated in this epoch";
        }
        out << '\n';
    }
    if (tagged.floor > tagged.claimed && !tagged.tags.empty()) {
        out << "    every tag counts as invalidated by sequence " << tagged.floor
            << ": what the server knew of tags until then was too much, or is lost\n";
    }
}

void print(std::ostream& out, const ValueView& value) {
    out << "  under " << in_quotes(value.prefix) << ": ";
    if (!value.bytes) {
        out << "no value";
    } else if (!value.current) {
        out << *value.bytes << " bytes that are no value of ours";
    } else if (!*value.current) {
        out << *value.bytes << " bytes of another epoch or generation: they count as absent";
    } else if (value.tagged && value.tagged->outdated) {
        out << *value.bytes
            << " bytes, of which a tag was invalidated since their load began: they count as "
               "absent";
    } else {
        out << *value.bytes << " bytes, " << value.form << ", " << value.age_ms << " ms old, "
            << (value.age_ms <= value.fresh_ms ? "fresh for " : "no longer fresh since ")
            << std::abs(value.fresh_ms - value.age_ms) << " ms, kept for "
            << value.kept_ms - value.age_ms << " ms more";
    }
    if (value.claim_ms) {
        out << "; a load holds the claim for " << *value.claim_ms << " ms more"
            << (value.waited_for ? ", a node waits for it" : "");
    }
    out << '\n';
    if (value.tagged) print(out, *value.tagged);
}

void print(std::ostream& out, const InstanceView& instance) {
    if (instance.failure) {
        out << "  " << in_quotes(instance.process) << ": " << printable(*instance.failure) << '\n';
        return;
    }
    out << "  " << in_quotes(instance.node) << " at " << in_quotes(instance.process)
        << ", which has applied " << instance.applied << ": ";
    if (instance.held.empty()) out << "nothing that it could serve";
    const char* separator = "";
    for (const HeldView& held : instance.held) {
        out << separator << "in " << in_quotes(held.cache) << " loaded " << held.age_ms
            << " ms ago, servable for " << held.servable_for_ms
            << " ms more without hearing from Redis" << (held.suspect ? " as suspect" : "");
        separator = "; ";
    }
    out << '\n';
}

void print(std::ostream& out, const Explanation& found) {
    print(out, found.channel);
    out << "key " << in_quotes(found.key) << "\n  ";
    if (found.last_event) {
        out << "last invalidated at sequence " << found.last_event->sequence
            << (found.last_event->all ? ", with every key" : "");
        if (found.last_event->tag) out << ", by the tag " << in_quotes(*found.last_event->tag);
        out << '\n';
        if (found.not_applied_by.empty() && !found.channel.members.empty()) {
            out << "  every member has said that it has applied it\n";
        }
        for (const auto& member : found.not_applied_by) {
            out << "  not yet said to be applied by " << in_quotes(member)
                << ": it says so with its next renewal\n";
        }
    } else if (found.log_from <= 1) {
        out << "never invalidated in this epoch\n";
    } else {
        out << "not invalidated since sequence " << found.log_from
            << ", where the log begins by now\n";
    }
    if (found.store.empty()) out << "  no value of this channel is kept in the store\n";
    for (const ValueView& value : found.store) print(out, value);
    if (!found.instances.empty()) out << "in memory\n";
    for (const InstanceView& instance : found.instances) print(out, instance);
}

}  // namespace

int explain(ExplainCommand command, std::ostream& out, std::ostream& err, const World& world) {
    if (!find_cache(command, err, world)) return exit_failed;
    if (!complete(command.channel, name, err, world)) return exit_failed;
    const auto& [url, of, format] = command.channel;
    // The log first: a member that has applied what it says is not shown as one that has not.
    const auto log = redis::read_log(url, of);
    if (!log) return say_failure(err, name, log.error());
    const auto state = find_channel(command.channel, name, err);
    if (!state) return exit_failed;
    const auto values = redis::inspect_values(url, *state, command.key, of);
    if (!values) return say_failure(err, name, values.error());

    Explanation found{.key = command.key,
                      .last_event = last_event(*log, command.key, *values),
                      .log_from = log->entries.empty() ? 0 : log->entries.front().position.sequence,
                      .channel = cli::view_of(*state, of)};
    for (const auto& member : found.channel.members) {
        if (found.last_event && member.applied < found.last_event->sequence) {
            found.not_applied_by.push_back(member.name);
        }
    }
    for (const auto& value : *values) found.store.push_back(view_of(value));
    for (const auto& asked :
         ask_all_holdings(command.processes, of.channel, command.key, of.timeout, world)) {
        found.instances.push_back(view_of(asked));
    }
    if (format == Format::json) {
        out << json::write(found) << '\n';
    } else {
        print(out, found);
    }
    const bool complete = std::ranges::none_of(
        found.instances, [](const InstanceView& asked) { return asked.failure.has_value(); });
    return complete ? exit_success : exit_failed;
}

}  // namespace tutti::cli
