// The state of a channel and its values, decoded as a node decodes them.
#include "tutti/redis/inspect.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <string_view>
#include <utility>

#include "coherence/wire.hpp"
#include "redis/asking.hpp"

namespace tutti::redis {
namespace {

using Fields = std::map<std::string, std::string, std::less<>>;

Fields pairs_in(const Reply& reply) {
    Fields found;
    for (std::size_t i = 0; i + 1 < reply.items.size(); i += 2) {
        found[reply.items[i].text] = reply.items[i + 1].text;
    }
    return found;
}

std::string_view field(const Fields& fields, std::string_view name) {
    const auto found = fields.find(name);
    return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::uint64_t number_in(std::string_view text) { return wire::parse_decimal(text).value_or(0); }

Duration milliseconds(std::string_view text) {
    constexpr std::uint64_t century = 3'155'695'200'000;
    return std::chrono::milliseconds(std::min(number_in(text), century));
}

// The words of a line, split at single spaces.
std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    while (!line.empty()) {
        const std::size_t end = std::min(line.find(' '), line.size());
        words.push_back(line.substr(0, end));
        line.remove_prefix(std::min(end + 1, line.size()));
    }
    return words;
}

std::string_view first_word(std::string_view line) { return line.substr(0, line.find(' ')); }

std::vector<ChannelMember> members_in(const Reply& acks, const Fields& hash) {
    std::vector<ChannelMember> members;
    for (const auto& [name, applied] : pairs_in(acks)) {
        if (members.size() == inspected_members_max) break;
        ChannelMember member{.name = name, .applied = number_in(applied), .lease = std::nullopt};
        const auto lease = words_of(field(hash, "m:" + name));
        if (lease.size() == 2) member.lease = milliseconds(lease[0]);
        members.push_back(std::move(member));
    }
    return members;
}

std::optional<std::uint64_t> listening(Asking& asking, const std::string& channel) {
    const auto reply = asking.ask({"PUBSUB", "NUMSUB", channel});
    if (!reply || reply->items.size() != 2 || !reply->items[1].is(Reply::Type::integer)) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(reply->items[1].integer);
}

// Prefixes are netstrings, as keys of an entry are.
std::vector<std::string> prefixes_in(std::string_view text) {
    if (text.empty()) return {};
    auto decoded = wire::decode_keys(text);
    return decoded && !decoded->all ? std::move(decoded->keys) : std::vector<std::string>();
}

// "1 <epoch> <generation> ..." of a value, of what stands beside a raw one, and of a claim; where
// values carry tags it begins with 2.
std::optional<bool> is_current(const std::vector<std::string_view>& words,
                               const ChannelState& channel) {
    if (words.size() < 4 || (words[0] != "1" && words[0] != "2")) return std::nullopt;
    const auto epoch = wire::parse_hex(words[1]);
    const auto generation = wire::parse_decimal(words[2]);
    if (!epoch || !generation) return std::nullopt;
    return Epoch{*epoch} == channel.position.epoch && *generation == channel.generation;
}

Result<Duration> time_left(Asking& asking, const std::string& key) {
    auto reply = asking.ask({"PTTL", key});
    if (!reply) return fail(std::move(reply).error());
    return std::chrono::milliseconds(std::max<std::int64_t>(reply->integer, 0));
}

// Of a value whose header line is this. Nothing: they are none, so it is no value.
std::optional<StoredTags> tags_in(const std::vector<std::string_view>& header,
                                  std::string_view behind) {
    constexpr std::size_t claimed_at = 6, size_at = 7;
    if (header.size() != size_at + 1) return std::nullopt;
    const auto claimed = wire::parse_decimal(header[claimed_at]);
    const auto size = wire::parse_decimal(header[size_at]);
    if (!claimed || !size || *size > behind.size()) return std::nullopt;
    auto names = wire::decode_tags(behind.substr(0, *size));
    if (!names) return std::nullopt;
    StoredTags found{.claimed = *claimed};
    for (std::string& name : *names) found.tags.push_back({.name = std::move(name)});
    return found;
}

// Of the channel's tags: the last entry that has named one, the floor, and the last entry of all.
struct TagState {
    Sequence last = 0;
    Sequence floor = 0;
    Sequence end = 0;
};

Result<TagState> tag_state(Asking& asking) {
    const auto reply = asking.ask({"HMGET", asking.hash(), "y", "f", "s"});
    if (!reply) return fail(reply.error());
    if (reply->items.size() != 3) return TagState{};
    return TagState{.last = number_in(reply->items[0].text),
                    .floor = number_in(reply->items[1].text),
                    .end = number_in(reply->items[2].text)};
}

// As the server judges (S16). The hash repeats the last entry that has named a tag: where the state
// says another one, before and afterwards, the hash was lost, and each tag counts as invalidated.
Result<void> judge(Asking& asking, StoredTags& tagged) {
    if (tagged.tags.empty()) return {};
    const auto before = tag_state(asking);
    if (!before) return fail(before.error());
    const std::string key = asking.tags();
    std::vector<std::string_view> words{"HMGET", key, ""};
    for (const StoredTags::Tag& tag : tagged.tags) words.push_back(tag.name);
    const auto known = asking.ask(words);
    if (!known) return fail(known.error());
    const auto after = tag_state(asking);
    if (!after) return fail(after.error());
    const bool is_answer = known->items.size() == tagged.tags.size() + 1;
    const Sequence last = is_answer ? number_in(first_word(known->items[0].text)) : 0;
    const bool lost = !is_answer || last < before->last || last > after->last;
    tagged.floor = lost ? after->end : after->floor;
    for (std::size_t i = 0; i < tagged.tags.size(); ++i) {
        StoredTags::Tag& tag = tagged.tags[i];
        const Sequence named = !lost ? number_in(known->items[i + 1].text) : 0;
        if (named > 0) tag.invalidated = named;
        tag.outdates = std::max(named, tagged.floor) > tagged.claimed;
    }
    return {};
}

Result<void> read_value(Asking& asking, const ChannelState& channel, const std::string& key,
                        StoredState& into) {
    constexpr std::size_t header_bytes_max = 128;
    constexpr std::size_t tags_bytes_max = 17'000;  // entry_tags_max of them, as netstrings
    auto bytes = asking.ask({"STRLEN", key});
    auto head =
        asking.ask({"GETRANGE", key, "0", std::to_string(header_bytes_max + tags_bytes_max)});
    auto beside =
        asking.ask({"GETRANGE", "tutti:value:" + key, "0", std::to_string(header_bytes_max)});
    for (const auto* reply : {&bytes, &head, &beside}) {
        if (!*reply) return fail(reply->error());
    }
    if (bytes->integer == 0) return {};
    into.bytes = static_cast<std::uint64_t>(bytes->integer);
    into.raw = !beside->text.empty();
    const std::size_t end = std::min(head->text.find('\n'), header_bytes_max);
    const auto words = words_of(into.raw ? std::string_view(beside->text)
                                         : std::string_view(head->text).substr(0, end));
    into.current = is_current(words, channel);
    if (!into.raw && into.current.value_or(false) && words[0] == "2") {
        into.tagged = tags_in(
            words, std::string_view(head->text).substr(std::min(end + 1, head->text.size())));
        if (!into.tagged) into.current.reset();
        if (into.tagged) {
            if (auto judged = judge(asking, *into.tagged); !judged) return judged;
        }
    }
    const std::size_t fresh_at = into.raw ? 3 : 4;
    if (!into.current || words.size() < fresh_at + 2) return {};
    into.fresh = milliseconds(words[fresh_at]);
    into.kept = milliseconds(words[fresh_at + 1]);
    const auto left = time_left(asking, into.raw ? "tutti:value:" + key : key);
    if (!left) return fail(left.error());
    into.age = std::max(into.kept - *left, Duration::zero());
    return {};
}

Result<void> read_claim(Asking& asking, const ChannelState& channel, const std::string& key,
                        StoredState& into) {
    const std::string name = "tutti:claim:" + key;
    auto claim = asking.ask({"GET", name});
    if (!claim) return fail(std::move(claim).error());
    const auto words = words_of(claim->text);
    if (!is_current(words, channel).value_or(false)) return {};
    const auto left = time_left(asking, name);
    if (!left) return fail(left.error());
    into.claim = *left;
    into.waited_for = words[3] == "1";
    return {};
}

}  // namespace

bool StoredTags::outdated() const noexcept { return std::ranges::any_of(tags, &Tag::outdates); }

Result<std::optional<ChannelState>> inspect_channel(const std::string& url,
                                                    const InspectOptions& options) {
    auto asking = Asking::begin(url, options);
    if (!asking) return fail(std::move(asking).error());
    auto hash = asking->ask({"HGETALL", asking->hash()});
    if (!hash) return fail(std::move(hash).error());
    const Fields fields = pairs_in(*hash);
    const auto position =
        wire::decode_position(field(fields, "e"), field(fields, "s"), field(fields, "h"));
    if (!position) return std::optional<ChannelState>();
    auto acks = asking->ask(
        {"ZRANGE", asking->acks(), "0", std::to_string(inspected_members_max), "WITHSCORES"});
    if (!acks) return fail(std::move(acks).error());
    return ChannelState{
        .server = asking->url().redacted(),
        .position = *position,
        .generation = number_in(field(fields, "g")),
        .prefixes = prefixes_in(field(fields, "p")),
        .members = members_in(*acks, fields),
        .nodes_listening = listening(*asking, asking->names().channel(asking->channel())),
        .programs_listening = listening(*asking, asking->channel())};
}

Result<std::vector<StoredState>> inspect_values(const std::string& url, const ChannelState& channel,
                                                const std::string& key,
                                                const InspectOptions& options) {
    auto asking = Asking::begin(url, options);
    if (!asking) return fail(std::move(asking).error());
    std::vector<StoredState> found;
    for (const std::string& prefix : channel.prefixes) {
        StoredState& state = found.emplace_back();
        state.prefix = prefix;
        if (auto value = read_value(*asking, channel, prefix + key, state); !value) {
            return fail(std::move(value).error());
        }
        if (auto claim = read_claim(*asking, channel, prefix + key, state); !claim) {
            return fail(std::move(claim).error());
        }
    }
    return found;
}

}  // namespace tutti::redis
