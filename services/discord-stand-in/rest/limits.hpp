// Discord's rate limits, as a stand-in for them: windows of calls by bucket and major parameter, a
// limit for the whole bot, and limits that no header shows before they are over.
//
// A window begins with its first call. At most some ten thousand of them are remembered.
//
// Thread-safety: none.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <boost/describe/enum.hpp>

#include "common/http/message.hpp"
#include "common/process/timestamps.hpp"

namespace tutti::services::discord::rest {

struct Allowance {
    std::int64_t calls = 50;
    std::chrono::milliseconds window{1'000};
};

// A limit besides that of the route.
struct HiddenLimit {
    std::string key;
    Allowance allowance;
};

enum class LimitScope : std::uint8_t { user, global, shared };
BOOST_DESCRIBE_ENUM(LimitScope, user, global, shared)

// Why a call is answered 429.
struct Limited {
    LimitScope scope = LimitScope::user;
    std::chrono::milliseconds retry_after{};
};

class Limits {
public:
    struct Options {
        bool on = true;
        std::int64_t per_second = 50;           // of the bot
        std::int64_t webhook_per_minute = 30;   // in a channel, hidden
        std::map<std::string, Allowance> of{};  // by "POST /channels/:channel/messages"
    };
    struct Call {
        std::string route;  // method and pattern
        std::string major;
        Allowance allowance;  // unless the options say another one
        bool counts_globally = true;
        std::optional<HiddenLimit> hidden{};
    };
    struct Verdict {
        http::Headers headers{};  // of the answer, whatever it is
        std::optional<Limited> limited{};
    };

    explicit Limits(Options options) : options_(std::move(options)) {}
    Limits() : Limits(Options{}) {}

    [[nodiscard]] Verdict take(const Call& call, process::UnixTime now);
    // A 429 that was asked for, as if another limit than the bucket's had been met.
    [[nodiscard]] static http::Response answer(const Limited& limited);

    [[nodiscard]] const Options& options() const noexcept { return options_; }
    void set(Options options) { options_ = std::move(options); }
    // From now on each bucket has another hash.
    void rename_buckets() { ++generation_; }

private:
    struct Window {
        process::UnixTime ends{};
        std::int64_t used = 0;
    };

    [[nodiscard]] Window& window(const std::string& key, const Allowance& allowance,
                                 process::UnixTime now);
    // Why the window has no room for the call; otherwise it is counted.
    [[nodiscard]] static std::optional<Limited> use(Window& window, const Allowance& allowance,
                                                    LimitScope scope, process::UnixTime now);
    [[nodiscard]] std::string hash_of(std::string_view route) const;
    void forget_ended(process::UnixTime now);

    Options options_;
    std::map<std::string, Window> windows_;
    int generation_ = 0;
};

}  // namespace tutti::services::discord::rest
