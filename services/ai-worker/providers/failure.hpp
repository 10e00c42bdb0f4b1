// What goes wrong when a model is asked. The category says why, for caches that remember failures;
// the error's code says whether the call may have been billed:
//   unavailable, refused, overloaded, invalid_option, stopped   certainly not
//   timeout, load_failed, protocol, too_large, cancelled        it may have been
// A text never repeats what the provider said: providers show keys in their messages.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include <boost/describe/enum.hpp>
#include <boost/describe/enum_to_string.hpp>

#include "tutti/error.hpp"

namespace tutti::services::worker::providers {

enum class FailureCategory : std::uint8_t {
    auth,
    quota,
    credit,
    rate_limit,
    server,
    timeout,
    network,
    empty,
    unknown,
    content_policy,
    media_missing,
    model_missing,
    censored,
    bad_request,
};
BOOST_DESCRIBE_ENUM(FailureCategory, auth, quota, credit, rate_limit, server, timeout, network,
                    empty, unknown, content_policy, media_missing, model_missing, censored,
                    bad_request)

[[nodiscard]] inline std::string_view to_string(FailureCategory category) {
    return boost::describe::enum_to_string(category, "unknown");
}

struct ProviderFailure {
    Error error;
    // Nothing: not the provider's failure but of this process alone (its pool is full, it stops).
    std::optional<FailureCategory> category;
};

template <class T>
using Answered = std::expected<T, ProviderFailure>;

}  // namespace tutti::services::worker::providers
