// How the REST API misbehaves on request, and how often.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/enum.hpp>

#include "discord-stand-in/rest/limits.hpp"

namespace tutti::services::discord::rest {

enum class FaultKind : std::uint8_t {
    status,   // answers with that status
    slow,     // later than usual
    hang,     // never
    drop,     // half an answer, and the connection is closed
    limited,  // 429 of another limit than the bucket's
};
BOOST_DESCRIBE_ENUM(FaultKind, status, slow, hang, drop, limited)

struct Fault {
    FaultKind does = FaultKind::status;
    std::string route{};        // "POST /channels/:channel/messages"; empty: each
    bool after_effect = false;  // what was asked for has happened
    int status = 503;
    std::chrono::milliseconds delay{0};  // of `slow`; of `limited` until it may be tried again
    LimitScope scope = LimitScope::user;
    std::size_t times = 1;
};

class Faults {
public:
    static constexpr std::size_t faults_max = 1'000;

    // False: there are too many.
    [[nodiscard]] bool add(Fault fault);
    void clear() { faults_.clear(); }
    // The one that this call meets; the oldest first.
    [[nodiscard]] std::optional<Fault> next(std::string_view route);
    [[nodiscard]] std::size_t size() const noexcept { return faults_.size(); }

private:
    std::vector<Fault> faults_;
};

}  // namespace tutti::services::discord::rest
