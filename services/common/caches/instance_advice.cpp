#include "common/caches/instance_advice.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "common/caches/catalogue.hpp"
#include "common/caches/service_caches.hpp"
#include "common/process/logging.hpp"

namespace tutti::services::caches {
namespace {

enum class Urgency : std::uint8_t { must, should, can_skip, none };

struct Words {
    Urgency urgency;
    std::string_view text;
};
constexpr std::array ordered{Words{Urgency::must, "must do"}, Words{Urgency::should, "should do"},
                             Words{Urgency::can_skip, "can skip"}};

Urgency urgency_of(const Grade& grade) {
    if (grade.risk == Risk::critical) return Urgency::must;
    if (grade.risk == Risk::none) return Urgency::none;
    return grade.rule == "counts-per-instance" ? Urgency::can_skip : Urgency::should;
}

}  // namespace

std::vector<std::string> instance_advice(const Inventory& inventory, std::string_view service) {
    std::vector<std::string> lines;
    for (const auto& [urgency, text] : ordered) {
        for (const InventoryRow& row : inventory) {
            const Grade how = grade(row.declaration);
            if (row.service != service || urgency_of(how) != urgency) continue;
            std::string line(text);
            line.append(": ").append(row.declaration.name).append(": ").append(how.reason);
            lines.push_back(std::move(line.append("; ").append(how.remedy)));
        }
    }
    if (lines.empty()) {
        lines.emplace_back(
            "nothing to do: each cache is kept coherent, or shared by all instances");
    }
    return lines;
}

std::unique_ptr<Presence> advise_on_others(redis::RedisClient& redis, std::string_view service,
                                           std::string instance, std::function<void()> besides) {
    auto advise = [name = std::string(service),
                   besides = std::move(besides)](std::size_t instances) {
        if (instances < 2) return;
        log::info(std::to_string(instances) + " instances of " + name + ':');
        for (const std::string& line : instance_advice(catalogue_inventory(), name)) {
            log::info("  " + line);
        }
        if (besides) besides();
    };
    return std::make_unique<Presence>(redis, Presence::Options{.app = std::string(app_name),
                                                               .service = std::string(service),
                                                               .instance = std::move(instance),
                                                               .on_change = std::move(advise)});
}

}  // namespace tutti::services::caches
