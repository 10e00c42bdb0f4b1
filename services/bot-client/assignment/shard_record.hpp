// What all instances know of one shard: a line of text that they share,
//
//     <member> <turn> <server> <content>
//
// member: who has the shard or had it last. turn: grows with each write of that member, so no two
// records are the same text. server: which Redis process wrote it, and into which register, put
// there by itself.
// content: JSON, whether the shard was given back, and the session that another one may go on with.
//
// What is read comes from a Redis to which others may write: it is bounded and checked, and what is
// no record is only a text that changes or does not.
//
// Thread-safety: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bot-client/shard/payloads.hpp"
#include "common/process/timestamps.hpp"
#include "tutti/error.hpp"

namespace tutti::services::bot::assignment {

// A session, and when (of the server's clock) it was known to be there.
struct SavedSession {
    shard::Resumption resumption;
    process::UnixTime at{};

    friend bool operator==(const SavedSession&, const SavedSession&) = default;
};

struct ShardRecord {
    std::string member;
    std::uint64_t turn = 0;
    std::string server;
    bool given_back = false;
    std::optional<SavedSession> session;
};

// Errors: protocol, too_large.
[[nodiscard]] Result<ShardRecord> read_record(std::string_view text);

// The parts that a member writes, before and behind the server's name.
[[nodiscard]] std::string record_stamp(std::string_view member, std::uint64_t turn);
[[nodiscard]] std::string record_content(bool given_back,
                                         const std::optional<SavedSession>& session);

// Without spaces and control characters, and not long: a word of a record.
[[nodiscard]] bool is_word(std::string_view text);

// Whether a session may be resumed there: the token will be sent. `hosts`: these and what is below
// them, "discord.gg" for all of "*.discord.gg".
[[nodiscard]] bool leads_to(std::string_view websocket_url, const std::vector<std::string>& hosts);

}  // namespace tutti::services::bot::assignment
