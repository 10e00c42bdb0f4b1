// A Discord for a bot that runs as a process, and what its users do there. It is a part of the
// test, or a process of its own:
//
//     PlayedDiscord discord;                                   // of this process
//     PlayedDiscord discord("http://127.0.0.1:3010", "token")  // what listens there
//
// Thread-safety: all functions may be called from any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/message.hpp"
#include "support/program.hpp"
#include "tutti/detail/mutex.hpp"

namespace tests {

// A message of the bot's.
struct SaidAtDiscord {
    std::string id;
    std::string content;
    std::optional<std::string> reply_to{};
    std::int64_t made_ms = 0;  // since 1970, by the clock of this machine
    bool is_by_webhook = false;
    bool answers_a_command = false;  // or a button
};

// What became of an interaction. Its answer is in one of the three.
struct AnsweredAtDiscord {
    struct Button {
        std::string custom_id;
        std::string label;
    };
    std::string content{};
    std::string embed{};  // title, description and footer
    std::vector<Button> buttons{};
    std::vector<std::string> choices{};  // their values
    bool ephemeral = false;
    std::string message_id{};
    std::string follow_up{};
    std::string trouble{};  // why there is no answer
};

class PlayedDiscord {
public:
    static constexpr const char* moderator = "200000000000000001";
    static constexpr const char* guild = "900";

    // Throws std::runtime_error, as all functions do when it does not answer.
    PlayedDiscord();
    // A discord-stand-in process, which answers; it has no guild yet.
    PlayedDiscord(const std::string& url, std::string token);

    [[nodiscard]] const std::string& token() const { return token_; }
    // What a bot needs to live here. It runs the one shard, whatever other bots do.
    [[nodiscard]] Variables variables() const;

    void add_guild(const std::string& id);
    // A channel of a server, or a thread in a channel; once.
    void open(const std::string& channel, const std::string& parent = "",
              const std::string& of_guild = guild);
    void add_user(const std::string& id);

    // A message in a channel that is open; `more` are members of JSON. Returns its id.
    std::string say(const std::string& channel, const std::string& content,
                    const std::string& user = moderator, const std::string& more = "");
    // What the bot has said there, behind the message `after` when one is named.
    [[nodiscard]] std::vector<SaidAtDiscord> said(const std::string& channel,
                                                  const std::string& after = "") const;

    // "channel activate" with options as JSON: {"name":"personality","type":3,"value":"maestro"}.
    AnsweredAtDiscord command(const std::string& command, const std::string& options,
                              const std::string& channel, const std::string& user = moderator,
                              const std::string& permissions = "8192");
    AnsweredAtDiscord type(const std::string& command, const std::string& option,
                           const std::string& text, const std::string& channel,
                           const std::string& user = moderator);
    AnsweredAtDiscord press(const std::string& message_id, const std::string& custom_id,
                            const std::string& channel, const std::string& user = moderator);

    // What else its users and its faults do: a path below /control (stand_in.hpp). Returns the
    // answer; throws std::runtime_error when it is a refusal.
    std::string control(std::string_view method, const std::string& path,
                        const std::string& body = "") const;

private:
    using Control = std::function<tutti::services::http::Response(
        std::string_view method, const std::string& path, const std::string& body)>;

    AnsweredAtDiscord interact(const std::string& body);

    std::string token_;
    std::string api_url_;
    Control control_;
    mutable tutti::detail::Mutex mutex_;
    std::set<std::string> opened_ TUTTI_GUARDED_BY(mutex_);
};

}  // namespace tests
