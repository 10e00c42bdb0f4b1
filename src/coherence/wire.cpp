#include "coherence/wire.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace tutti::wire {
namespace {

constexpr std::string_view version = "1";
constexpr std::string_view everything = "*";
constexpr char tag_mark = '#';
constexpr std::size_t hex_digits = 16;

std::unexpected<Error> garbage(const char* cause) {
    return fail(Errc::protocol, "decode entry", cause);
}

std::size_t decimal_digits(std::size_t number) noexcept {
    std::size_t digits = 1;
    for (; number >= 10; number /= 10) ++digits;
    return digits;
}

// Takes what stands before the first `delimiter` off the front of `text`.
std::optional<std::string_view> take_until(std::string_view& text, char delimiter,
                                           std::size_t bytes_max) noexcept {
    const std::size_t end = text.substr(0, bytes_max + 1).find(delimiter);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view taken = text.substr(0, end);
    text.remove_prefix(end + 1);
    return taken;
}

std::optional<std::string_view> take_netstring(std::string_view& text) noexcept {
    const auto digits = take_until(text, ':', decimal_digits(Bus::key_bytes_max));
    if (!digits) return std::nullopt;
    const auto bytes = parse_decimal(*digits);
    if (!bytes || *bytes >= text.size() || text[*bytes] != ',') return std::nullopt;
    const std::string_view taken = text.substr(0, *bytes);
    text.remove_prefix(*bytes + 1);
    return taken;
}

}  // namespace

std::string hex(std::uint64_t number) {
    std::string digits(hex_digits, '0');
    for (std::size_t i = hex_digits; i-- > 0; number >>= 4) {
        digits[i] = "0123456789abcdef"[number & 0xf];
    }
    return digits;
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) noexcept {
    const auto upper = [](char c) { return c >= 'A' && c <= 'F'; };
    if (digits.size() != hex_digits || std::ranges::any_of(digits, upper)) return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number, 16);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

std::optional<std::uint64_t> parse_decimal(std::string_view digits) noexcept {
    if (digits.empty() || (digits.size() > 1 && digits.front() == '0')) return std::nullopt;
    std::uint64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

std::size_t encoded_bytes(const KeySet& changed) noexcept {
    if (changed.all) return everything.size();
    std::size_t bytes = changed.tags.size();  // a mark each
    for (const std::string& key : changed.keys) bytes += encoded_bytes(key);
    for (const std::string& tag : changed.tags) bytes += encoded_bytes(tag);
    return bytes;
}

std::size_t encoded_bytes(std::string_view key) noexcept {
    return decimal_digits(key.size()) + key.size() + 2;
}

std::string encode_keys(const KeySet& changed) {
    if (changed.all) return std::string(everything);
    std::string payload;
    payload.reserve(encoded_bytes(changed));
    const auto append = [&](const std::string& text) {
        payload.append(std::to_string(text.size())).append(":").append(text).append(",");
    };
    for (const std::string& key : changed.keys) append(key);
    for (const std::string& tag : changed.tags) {
        payload += tag_mark;
        append(tag);
    }
    return payload;
}

Result<KeySet> decode_keys(std::string_view payload) {
    if (payload == everything) return KeySet::everything();
    if (payload.size() > Bus::key_bytes_max) return garbage("the payload is too large");
    KeySet changed;
    while (!payload.empty()) {
        const bool is_marked = payload.starts_with(tag_mark);
        if (is_marked) payload.remove_prefix(1);
        const auto text = take_netstring(payload);
        if (!text) return garbage("the payload is neither `*` nor netstrings");
        if (changed.size() == Bus::keys_max) return garbage("too many keys");
        if (is_marked && !is_tag(*text)) return garbage("not a tag");
        if (!is_marked && !changed.tags.empty()) return garbage("a key behind a tag");
        (is_marked ? changed.tags : changed.keys).emplace_back(*text);
    }
    return changed;
}

std::string encode_tags(const std::vector<std::string>& tags) {
    return encode_keys({.keys = tags});
}

Result<std::vector<std::string>> decode_tags(std::string_view text) {
    auto read = decode_keys(text);
    if (!read) return fail(std::move(read).error());
    if (read->all || !read->tags.empty() || read->keys.size() > entry_tags_max ||
        !std::ranges::all_of(read->keys, is_tag))
        return garbage("not the tags of a value");
    return std::move(read->keys);
}

Result<BusPosition> decode_position(std::string_view epoch, std::string_view sequence,
                                    std::string_view chain) {
    const auto epoch_number = parse_hex(epoch);
    const auto sequence_number = parse_decimal(sequence);
    const auto chain_number = parse_hex(chain);
    if (!epoch_number || Epoch{*epoch_number} == Epoch::none) return garbage("not an epoch");
    if (!sequence_number) return garbage("not a sequence");
    if (!chain_number) return garbage("not a chain");
    return BusPosition{
        .epoch = Epoch{*epoch_number}, .sequence = *sequence_number, .chain = Chain{*chain_number}};
}

Result<Envelope> decode_envelope(std::string_view push) {
    const auto header = take_until(push, '\n', header_bytes_max);
    if (!header) return garbage("no header line");
    std::string_view rest = *header;
    const auto field = [&] { return take_until(rest, ' ', header_bytes_max).value_or(""); };
    if (field() != version) return fail(Errc::unsupported, "decode entry", "unknown version");
    const std::string_view epoch = field();
    const std::string_view sequence = field();
    const auto previous = parse_hex(field());
    const std::string_view chain = field();
    const auto plain_events = parse_decimal(rest);
    const auto position = decode_position(epoch, sequence, chain);
    if (!position) return fail(position.error());
    if (position->sequence == 0) return garbage("an entry has no sequence 0");
    if (!previous) return garbage("not a chain");
    if (!plain_events || *plain_events > Bus::plain_events_max)
        return garbage("not a number of events");
    auto changed = decode_keys(push);
    if (!changed) return fail(std::move(changed).error());
    return Envelope{.entry = {.position = *position,
                              .previous = Chain{*previous},
                              .changed = std::move(*changed)},
                    .plain_events = *plain_events};
}

Result<AckMessage> decode_ack_message(std::string_view push) {
    const auto field = [&] { return take_until(push, ' ', header_bytes_max).value_or(""); };
    if (field() != version) return fail(Errc::unsupported, "decode ack", "unknown version");
    const std::string_view kind = field();
    if (kind != "wanted" && kind != "acked") return garbage("not a kind of message");
    const auto epoch = parse_hex(field());
    const auto sequence = parse_decimal(push);
    if (!epoch || Epoch{*epoch} == Epoch::none) return garbage("not an epoch");
    if (!sequence || *sequence == 0) return garbage("not a sequence");
    return AckMessage{.kind = kind == "wanted" ? AckMessage::Kind::wanted : AckMessage::Kind::acked,
                      .epoch = Epoch{*epoch},
                      .sequence = *sequence};
}

Result<BusEntry> decode_log_entry(Epoch epoch, const LogEntry& entry) {
    if (!entry.id.ends_with("-0")) return garbage("not the id of an entry");
    const auto sequence = parse_decimal(entry.id.substr(0, entry.id.size() - 2));
    const auto previous = parse_hex(entry.previous);
    const auto chain = parse_hex(entry.chain);
    if (!sequence || *sequence == 0) return garbage("not the id of an entry");
    if (!previous || !chain) return garbage("not a chain");
    auto changed = decode_keys(entry.payload);
    if (!changed) return fail(std::move(changed).error());
    return BusEntry{.position = {.epoch = epoch, .sequence = *sequence, .chain = Chain{*chain}},
                    .previous = Chain{*previous},
                    .changed = std::move(*changed)};
}

}  // namespace tutti::wire
