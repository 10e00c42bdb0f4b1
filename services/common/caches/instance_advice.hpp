// What several instances of a service take, from the declarations of its caches: what must be done
// because an instance would be wrong, what should be, and what can be skipped because counting or
// differing for a while does no harm.
//
// Thread-safety: functions of their arguments.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/caches/presence.hpp"
#include "common/redis/client.hpp"
#include "tutti/inventory.hpp"

namespace tutti::services::caches {

// A line each, "must do: channel-activation: <why>; <remedy>"; rows of other services are left out.
// A service that has nothing to do is told so.
[[nodiscard]] std::vector<std::string> instance_advice(const Inventory& inventory,
                                                       std::string_view service);

// Tells other instances of `service` that this one runs, and writes the advice to the log whenever
// it sees others, then calls `besides`. See Presence.
[[nodiscard]] std::unique_ptr<Presence> advise_on_others(redis::RedisClient& redis,
                                                         std::string_view service,
                                                         std::string instance,
                                                         std::function<void()> besides = {});

}  // namespace tutti::services::caches
