// How the scenario talks to the services: over HTTP only, as anybody could.
//
// Thread-safety: all functions may be called from any thread. Blocking: within a deadline.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bot-client/driver_wire.hpp"
#include "common/http/client.hpp"
#include "common/process/secret.hpp"
#include "fleet/fleet.hpp"
#include "tutti/clock.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"

namespace tutti::services::fleet {

class DriverClient {
public:
    explicit DriverClient(process::Secret secret) : secret_(std::move(secret)) {}

    [[nodiscard]] Result<bot::DriverCommandAnswer> command(const Instance& bot,
                                                           const bot::DriverCommand& command);
    [[nodiscard]] Result<bot::DriverMessageAnswer> message(const Instance& bot,
                                                           const bot::DriverMessage& message);
    [[nodiscard]] Result<Inventory> inventory(const Instance& instance);

    // What a request to the gateway led to: its job, which is asked for until it has ended.
    struct Generated {
        std::string job_id;
        std::string content;
    };
    [[nodiscard]] Result<Generated> generate_and_wait(const Instance& gateway,
                                                      const std::string& body);
    // The text of a recording.
    [[nodiscard]] Result<std::string> transcribe(const Instance& gateway, const std::string& url);
    [[nodiscard]] Result<stand_in::Calls> all_provider_calls(const Instance& provider);

    // How many text models the gateway offers, the id of the job that a request has led to, and how
    // often the provider was asked for its models.
    [[nodiscard]] Result<std::size_t> models(const Instance& gateway);
    [[nodiscard]] Result<std::string> generate(const Instance& gateway,
                                               const std::string& personality,
                                               const std::string& user, const std::string& message);
    [[nodiscard]] Result<std::uint64_t> provider_calls(const Instance& provider);

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
