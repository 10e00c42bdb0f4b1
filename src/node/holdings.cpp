// The wire form: times in whole microseconds, the epoch as everywhere in hexadecimal digits.
#include "tutti/node/holdings.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include <boost/describe/class.hpp>

#include "coherence/wire.hpp"
#include "tutti/json.hpp"

namespace tutti {
namespace {

constexpr const char* read_operation = "read holdings";
constexpr JsonLimits limits{.bytes_max = 64UL << 10U, .depth_max = 4, .values_max = 4'000};
constexpr std::int64_t longest_us = 100LL * 365 * 24 * 3600 * 1'000'000;  // fits into Duration

struct HeldBody {
    std::string cache{};
    std::int64_t age_us = 0;
    std::int64_t servable_for_us = 0;
    bool suspect = false;
};
BOOST_DESCRIBE_STRUCT(HeldBody, (), (cache, age_us, servable_for_us, suspect))

struct HoldingsBody {
    std::string node{};
    std::string member{};
    std::string epoch{};
    std::uint64_t applied = 0;
    std::vector<HeldBody> held{};
};
BOOST_DESCRIBE_STRUCT(HoldingsBody, (), (node, member, epoch, applied, held))

// As much as is read back: a cache that serves for ever does so for a hundred years.
std::int64_t whole_microseconds(Duration duration) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    return std::clamp<std::int64_t>(us, 0, longest_us);
}

bool is_time(std::int64_t us) { return us >= 0 && us <= longest_us; }

}  // namespace

std::string to_json(const Holdings& holdings) {
    HoldingsBody body{.node = holdings.node,
                      .member = holdings.member,
                      .epoch = wire::hex(static_cast<std::uint64_t>(holdings.epoch)),
                      .applied = holdings.applied};
    for (const Holding& held : holdings.held) {
        body.held.push_back({.cache = held.cache,
                             .age_us = whole_microseconds(held.age),
                             .servable_for_us = whole_microseconds(held.servable_for),
                             .suspect = held.suspect});
    }
    return json::write(body);
}

Result<Holdings> parse_holdings(std::string_view text) {
    auto body = json::read<HoldingsBody>(text, limits);
    if (!body) return fail(body.error().code, read_operation, body.error().cause);
    const std::optional<std::uint64_t> epoch = wire::parse_hex(body->epoch);
    if (!epoch) return fail(Errc::protocol, read_operation, "epoch: not 16 hexadecimal digits");
    Holdings holdings{.node = std::move(body->node),
                      .member = std::move(body->member),
                      .epoch = Epoch{*epoch},
                      .applied = body->applied};
    for (HeldBody& held : body->held) {
        if (!is_time(held.age_us) || !is_time(held.servable_for_us)) {
            return fail(Errc::protocol, read_operation, "held: a time is out of range");
        }
        holdings.held.push_back({.cache = std::move(held.cache),
                                 .age = std::chrono::microseconds(held.age_us),
                                 .servable_for = std::chrono::microseconds(held.servable_for_us),
                                 .suspect = held.suspect});
    }
    return holdings;
}

}  // namespace tutti
