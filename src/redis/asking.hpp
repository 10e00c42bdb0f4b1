// One connection for questions about a channel: plain commands that only read.
//
// Thread-safety: one thread at a time. Blocking: until the deadline of each question.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/name_rule.hpp"
#include "base/text.hpp"
#include "redis/names.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/redis/connection.hpp"
#include "tutti/redis/inspect.hpp"
#include "tutti/redis_url.hpp"

namespace tutti::redis {

inline constexpr const char* inspect_operation = "redis inspect";
inline constexpr std::size_t inspected_members_max = 10'000;

// A connection that ends at its deadline, and whose refusals are errors.
class Asking {
public:
    static Result<Asking> begin(const std::string& text, const InspectOptions& options) {
        if (const auto wrong = wrong_with(options)) {
            return fail(Errc::invalid_option, inspect_operation, *wrong);
        }
        auto url = Url::parse(text);
        if (!url) return fail(std::move(url).error());
        const auto server = Connector::create(text);
        if (!server) return fail(server.error());
        const TimePoint deadline = Boottime::now() + options.timeout;
        auto connection = server->connect(deadline);
        if (!connection) return fail(std::move(connection).error());
        return Asking(*std::move(url), *std::move(connection), options, deadline);
    }

    [[nodiscard]] const Url& url() const noexcept { return url_; }
    [[nodiscard]] const Names& names() const noexcept { return names_; }
    [[nodiscard]] const std::string& channel() const noexcept { return channel_; }
    // Of the channel: its hash, log and members.
    [[nodiscard]] std::string hash() const { return names_.state_keys(channel_)[0]; }
    [[nodiscard]] std::string log() const { return names_.state_keys(channel_)[1]; }
    [[nodiscard]] std::string acks() const { return names_.state_keys(channel_)[2]; }
    [[nodiscard]] std::string tags() const { return names_.channel(channel_) + ":tags"; }

    // From now on.
    void prolong(Duration timeout) { deadline_ = Boottime::now() + timeout; }

    // What is of another type counts as absent, as for a node.
    Result<Reply> ask(std::span<const std::string_view> words) {
        auto reply = connection_.command(words, deadline_);
        if (!reply) return reply;
        if (reply->is_error("WRONGTYPE")) return Reply{};
        if (reply->is(Reply::Type::error)) {
            return fail(Errc::refused, inspect_operation,
                        std::string(words.front()) + ": " + shown(reply->text, 200));
        }
        return reply;
    }
    Result<Reply> ask(std::initializer_list<std::string_view> words) {
        return ask(std::span(words.begin(), words.size()));
    }

private:
    static std::optional<std::string> wrong_with(const InspectOptions& options) {
        if (const auto wrong = wrong_with_app(options.app)) return "app: " + *wrong;
        if (const auto wrong = wrong_with_name(options.channel)) return "channel: " + *wrong;
        if (options.timeout <= Duration::zero()) return "timeout: must be positive";
        return std::nullopt;
    }

    Asking(Url url, Connection connection, const InspectOptions& options, TimePoint deadline)
        : url_(std::move(url)),
          names_(options.app, url_.database),
          channel_(options.channel),
          connection_(std::move(connection)),
          deadline_(deadline) {}

    Url url_;
    Names names_;
    std::string channel_;
    Connection connection_;
    TimePoint deadline_;
};

}  // namespace tutti::redis
