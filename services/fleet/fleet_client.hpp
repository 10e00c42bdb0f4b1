// How the scenario talks to the services and to the Discord that is played: over HTTP only, as any
// client could.
//
// Thread-safety: all functions may be called from any thread. Blocking: within a deadline.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/http/client.hpp"
#include "common/process/secret.hpp"
#include "fleet/fleet.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"

namespace tutti::services::fleet {

// A message of a user's.
struct UserMessage {
    std::string channel_id;
    std::string content;
    struct File {
        std::string url;
        std::string filename;
        std::string content_type;
    };
    std::optional<std::vector<File>> attachments{};
    std::optional<bool> voice{};
    std::optional<std::string> reply_to{};
};

// What the bot has said, by whichever of its instances.
struct Said {
    std::string id;
    std::string content;
    std::int64_t made_ms = 0;  // since 1970
};

class FleetClient {
public:
    explicit FleetClient(process::Secret secret) : secret_(std::move(secret)) {}

    // A text channel of that id, in the server of all channels here.
    Result<void> open_channel(const Instance& discord, const std::string& channel_id);
    // A user says it; returns the id of the message.
    Result<std::string> say(const Instance& discord, const UserMessage& message);
    // A moderator gives a command, "channel activate" with that personality; returns the bot's
    // answer, when it is there.
    Result<std::string> command(const Instance& discord, const std::string& command,
                                const std::string& channel_id);
    // What the bot has said in that channel after that message; waits until it is so much.
    Result<std::vector<Said>> said(const Instance& discord, const std::string& channel_id,
                                   const std::string& after, std::size_t at_least = 0,
                                   std::chrono::milliseconds longest = {});

    // What one instance has counted of a cache.
    [[nodiscard]] Result<CacheCounters> cache(const Instance& instance, const std::string& name);
    [[nodiscard]] Result<Inventory> inventory(const Instance& instance);

    [[nodiscard]] Result<stand_in::Calls> all_provider_calls(const Instance& provider);

    // How many text models the gateway offers, the id of the job that a request has led to, and how
    // often the provider was asked for its models.
    [[nodiscard]] Result<std::size_t> models(const Instance& gateway);
    [[nodiscard]] Result<std::string> generate(const Instance& gateway,
                                               const std::string& personality,
                                               const std::string& user, const std::string& message);
    [[nodiscard]] Result<std::uint64_t> provider_calls(const Instance& provider);

    // From now on the provider behaves as that body of PUT /behaviour says.
    Result<void> behave(const Instance& provider, const std::string& behaviour);

    // A sample of the instance's metrics. Errors: also protocol, when it has none.
    [[nodiscard]] Result<double> sample(const Instance& instance, std::string_view name);
    // When the instance last applied an invalidation of channel activations.
    // Errors: also protocol, when it has no such metric.
    [[nodiscard]] Result<TimePoint> applied_at(const Instance& bot);

private:
    Result<std::string> call(const Instance& instance, std::string method, std::string path,
                             std::string body = {});

    process::Secret secret_;
    http::Client http_{{.name = "scenario"}};
};

// The value of a sample in Prometheus text; `sample` is its name with labels as they are written.
[[nodiscard]] Result<double> find_sample(std::string_view metrics, std::string_view sample);

}  // namespace tutti::services::fleet
