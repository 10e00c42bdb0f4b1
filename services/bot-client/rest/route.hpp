// One of Discord's routes with its parameters filled in, and what its limits go by.
//
//     const auto route = Route::make("POST", "/channels/{}/messages", {channel_id});
//
// Thread-safety: plain values.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "tutti/error.hpp"

namespace tutti::services::bot::rest {

struct Route {
    std::string method;
    std::string pattern;  // "/channels/{}/messages/{}": may be logged
    std::string path;     // percent-encoded; has the token of a webhook or an interaction in it
    // The channel, the server, or the webhook or interaction with its token, by which limits are
    // kept apart.
    std::string major;
    // The path has a token of its own: the bot's is not sent, and Discord's limit of calls per
    // second for the bot does not count it.
    bool own_token = false;

    // Each "{}" stands for the next parameter. Errors: invalid_option (an empty parameter, or
    // another number of them).
    [[nodiscard]] static Result<Route> make(std::string_view method, std::string_view pattern,
                                            std::initializer_list<std::string_view> parameters);

    // "discord POST /channels/{}/messages", for errors.
    [[nodiscard]] std::string operation() const { return "discord " + method + ' ' + pattern; }
};

}  // namespace tutti::services::bot::rest
