// A Discord without a network: each call is written down and answered by the test's rules.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bot-client/rest/discord_rest.hpp"
#include "common/http/message.hpp"

namespace tutti::services::bot::stubs {

class ScriptedDiscord {
public:
    struct Call {
        std::string line;  // "POST /channels/5/messages?limit=1"
        std::string body;
        bool authorized = false;  // with the bot's token
    };
    using Answer = std::function<Result<http::Response>(const Call& call)>;

    // The last rule that fits counts; without one the answer is 200 and {}.
    void on(std::string begins, Answer answer) {
        rules_.emplace_back(std::move(begins), std::move(answer));
    }
    void on(std::string begins, int status, std::string body) {
        on(std::move(begins), [status, body](const Call&) -> Result<http::Response> {
            return http::json_response(status, body);
        });
    }
    // The answer is lost; the call may have been carried out.
    void loses(std::string begins) { rules_.emplace_back(std::move(begins), nullptr); }
    void forget_rules() { rules_.clear(); }

    [[nodiscard]] std::vector<std::string> lines() const {
        std::vector<std::string> all;
        for (const Call& call : calls) all.push_back(call.line);
        return all;
    }

    std::vector<Call> calls;
    rest::DiscordRest rest{{.api_url = "http://discord",
                            .token = process::Secret("bot-token"),
                            .repeat_pause = Duration(1)},
                           [this](std::string_view, const http::Request& request, TimePoint,
                                  http::Client::Trace& trace) { return answer(request, trace); }};

private:
    Result<http::Response> answer(const http::Request& request, http::Client::Trace& trace) {
        const std::string query = request.query.empty() ? "" : '?' + request.query;
        calls.push_back({.line = request.method + ' ' + request.path + query,
                         .body = request.body,
                         .authorized = request.headers.find("Authorization").has_value()});
        for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
            if (!calls.back().line.starts_with(rule->first)) continue;
            if (rule->second) return rule->second(calls.back());
            trace.begun = true;
            return fail(Errc::timeout, "discord", "scripted");
        }
        return http::json_response(200, "{}");
    }

    std::vector<std::pair<std::string, Answer>> rules_;
};

}  // namespace tutti::services::bot::stubs
