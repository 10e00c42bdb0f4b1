// What stands in Redis about shards may be anything. The input is the records of two shards, of a
// member and of a beat: a record that is read can be written again, and nothing of it makes an
// instance run a shard that there is not, or for longer than a lease.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bot-client/assignment/shard_leases.hpp"
#include "bot-client/assignment/shard_record.hpp"

namespace {

using namespace std::chrono_literals;
using namespace tutti::services::bot::assignment;

void check_record(std::string_view text) {
    const auto record = read_record(text);
    if (!record) return;
    const auto again =
        read_record(record_stamp(record->member, record->turn) + ' ' + record->server + ' ' +
                    record_content(record->given_back, record->session));
    if (!again || again->member != record->member || again->turn != record->turn ||
        again->given_back != record->given_back) {
        std::abort();
    }
    if (!record->session) return;
    const auto& url = record->session->resumption.place.resume_gateway_url;
    if (leads_to(url, {"discord.gg"}) && !url.contains("discord.gg")) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    check_record(bytes);
    const std::size_t first = std::min(bytes.find('\n'), size);
    const std::size_t second = std::min(bytes.find('\n', first + 1), size);
    const Register found{.server = "run/1",
                         .now = tutti::services::process::UnixTime(1'700'000'000s),
                         .count = 2,
                         .records = {{0, std::string(bytes.substr(0, first))},
                                     {1, std::string(bytes.substr(first, second - first))},
                                     {7, "of no shard"}},
                         .beats = {{"other", std::string(bytes.substr(second))}}};
    ShardLeases leases({.member = "own", .count = 2});
    tutti::TimePoint now{1000s};
    for (int i = 0; i < 5; ++i, now += 1s) {
        const Exchange step = leases.next({}, now);
        for (const auto& write : step.writes) {
            if (write.shard >= found.count) std::abort();
        }
        leases.answered(found, now);
        for (const auto& [shard, tenure] : leases.held(now)) {
            if (shard >= found.count || tenure.until > now + 10s) std::abort();
        }
    }
    return 0;
}
