// How the stand-in behaves, as values and as the JSON of PUT /behaviour.
//
// Thread-safety: plain values and pure functions.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <boost/describe/enum.hpp>

#include "tutti/error.hpp"

namespace tutti::services::stand_in {

// How one endpoint answers: well; in ways that no answer should be; or with a failure of that name,
// as providers put it.
enum class Manner : std::uint8_t {
    well,
    stall,   // not at all
    cut,     // half of it, and the connection is closed
    blank,   // 200 and nothing
    pieces,  // well, in eight pieces, `delay` before each
    auth,
    quota,
    credit,
    rate_limit,
    server,
    timeout,
    empty,
    unknown,
    content_policy,
    media_missing,
    model_missing,
    censored,
    bad_request,
};
BOOST_DESCRIBE_ENUM(Manner, well, stall, cut, blank, pieces, auth, quota, credit, rate_limit,
                    server, timeout, empty, unknown, content_policy, media_missing, model_missing,
                    censored, bad_request)

struct EndpointBehaviour {
    Manner manner = Manner::well;
    std::chrono::milliseconds delay{0};  // before the answer, at most 10 minutes

    friend bool operator==(const EndpointBehaviour&, const EndpointBehaviour&) = default;
};

struct Behaviour {
    // Of the list of models.
    std::chrono::milliseconds delay{0};  // before the answer, at most 10 minutes
    int status = 200;                    // another one is answered with an error body
    std::size_t models = 300;            // how many; 0 = an empty list; at most 10,000
    EndpointBehaviour chat{};
    EndpointBehaviour vision{};
    EndpointBehaviour transcription{};
    EndpointBehaviour attachments{};
};

// Errors: invalid_option, all that is out of its range at once.
[[nodiscard]] Result<void> check(const Behaviour& behaviour);
// What the body of PUT /behaviour asks for; what is left out is normal. Errors: protocol; those of
// `check`.
[[nodiscard]] Result<Behaviour> read_behaviour(std::string_view body);
// By its name. Errors: invalid_option, naming all.
[[nodiscard]] Result<Manner> read_manner(std::string_view name);
[[nodiscard]] std::string_view to_string(Manner manner) noexcept;

}  // namespace tutti::services::stand_in
