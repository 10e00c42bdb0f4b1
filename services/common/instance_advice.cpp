#include "common/instance_advice.hpp"

#include <array>
#include <cstdint>

#include "common/logging.hpp"

namespace tutti::services {
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

void log_instance_advice(const Inventory& inventory, std::string_view service,
                         std::size_t instances) {
    log::info(std::to_string(instances) + " instances of " + std::string(service) + ':');
    for (const std::string& line : instance_advice(inventory, service)) log::info("  " + line);
}

}  // namespace tutti::services
