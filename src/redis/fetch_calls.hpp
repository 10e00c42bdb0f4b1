// Values of the store, several in one script call: what a call costs the server before it looks at
// a value (its identity, the state of the channel) is more than a value does.
//
// A call is for at most `fetch_keys_max` keys of one address, so the server is held up by none for
// long, and its answer has at most `fetch_bytes_max` of values. A value for which there is no room
// is asked for again, alone, as soon as the answer is there: one more round trip, and its own bound
// is that of a value.
//
// Thread-safety: `ask` from any thread; completions run on the executor.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "coherence/store_fence.hpp"
#include "redis/command_connection.hpp"
#include "redis/names.hpp"
#include "redis/random_source.hpp"
#include "tutti/store.hpp"

namespace tutti::redis {

inline constexpr const char* fetch_operation = "redis fetch";
inline constexpr std::size_t fetch_keys_max = 100;
inline constexpr std::size_t fetch_bytes_max = 1024UL * 1024;

class FetchCalls : public std::enable_shared_from_this<FetchCalls> {
public:
    // `fence`: null without one.
    FetchCalls(std::shared_ptr<CommandConnection> connection, RandomSource random, Names names,
               std::shared_ptr<const StoreFence> fence);

    // Whether one call can ask for both.
    [[nodiscard]] static bool go_together(const FetchRequest& one, const FetchRequest& other);

    // In one call. Requires: requests that were checked and go together, 1 to `fetch_keys_max`.
    void ask(std::vector<Store::Fetch> fetches, TimePoint deadline);

private:
    void answered(std::vector<Store::Fetch> fetches, TimePoint deadline, Result<Reply> reply);
    [[nodiscard]] Result<Fetched> fenced(const FetchRequest& request, Fetched fetched) const;

    const std::shared_ptr<CommandConnection> connection_;
    const RandomSource random_;
    const Names names_;
    const std::shared_ptr<const StoreFence> fence_;
};

}  // namespace tutti::redis
