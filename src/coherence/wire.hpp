// The invalidation log in bytes: how an entry travels on the pub/sub channel
// `tutti:{app/db/channel}` and how it lies in the stream. No I/O.
//
// A push is one header line and a payload; all numbers are of fixed form, so there is one spelling
// of an entry and nothing to normalise:
//
//     1 <epoch> <sequence> <previous chain> <chain> <number of plain events>\n<payload>
//
// Epoch and chains are 16 lower-case hexadecimal digits, the others decimal without leading zeros.
// The payload is `*` (every key of the channel) or netstrings: `<bytes>:<key>,` each, and behind
// the keys `#<bytes>:<tag>,`. No key begins with a mark, so the two cannot be taken for each other;
// and versions that know no tags cannot decode such an entry, and drop everything (R8). In the
// stream the id is `<sequence>-0`, and the fields p, h and k hold previous chain, chain and
// payload.
//
// Of acknowledgements two short messages travel on a channel of their own,
// `tutti:{app/db/channel}:acks`: that they are wanted up to a sequence, and that every member has
// given them.
//
//     1 wanted <epoch> <sequence>
//     1 acked <epoch> <sequence>
//
// Everything here comes from a wire: decoding is strict and bounded, and fails with Errc::protocol,
// or with Errc::unsupported when the version is not known.
//
// Thread-safety: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/bus.hpp"
#include "tutti/error.hpp"

namespace tutti::wire {

// Of an entry as it is pushed: the header line and the payload. A wake-up is shorter.
inline constexpr std::size_t header_bytes_max = 128;
inline constexpr std::size_t push_bytes_max = header_bytes_max + Bus::key_bytes_max;

struct Envelope {
    BusEntry entry;
    std::size_t plain_events = 0;  // how many plain events directly follow on the plain channel
};

struct LogEntry {
    std::string_view id;        // "<sequence>-0"
    std::string_view previous;  // p
    std::string_view chain;     // h
    std::string_view payload;   // k
};

// What Bus::key_bytes_max limits: the size of the payload.
[[nodiscard]] std::size_t encoded_bytes(const KeySet& changed) noexcept;
[[nodiscard]] std::size_t encoded_bytes(std::string_view key) noexcept;  // its share

[[nodiscard]] std::string encode_keys(const KeySet& changed);
[[nodiscard]] Result<KeySet> decode_keys(std::string_view payload);
// Of one value: netstrings.
[[nodiscard]] std::string encode_tags(const std::vector<std::string>& tags);
[[nodiscard]] Result<std::vector<std::string>> decode_tags(std::string_view text);

[[nodiscard]] Result<Envelope> decode_envelope(std::string_view push);
[[nodiscard]] Result<BusEntry> decode_log_entry(Epoch epoch, const LogEntry& entry);
[[nodiscard]] Result<BusPosition> decode_position(std::string_view epoch, std::string_view sequence,
                                                  std::string_view chain);

struct AckMessage {
    enum class Kind : std::uint8_t { wanted, acked };

    Kind kind{};
    Epoch epoch{};
    Sequence sequence = 0;
};
[[nodiscard]] Result<AckMessage> decode_ack_message(std::string_view push);

[[nodiscard]] std::string hex(std::uint64_t number);  // 16 digits
[[nodiscard]] std::optional<std::uint64_t> parse_hex(std::string_view digits) noexcept;
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view digits) noexcept;

}  // namespace tutti::wire
