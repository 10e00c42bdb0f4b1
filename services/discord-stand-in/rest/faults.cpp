#include "discord-stand-in/rest/faults.hpp"

#include <algorithm>
#include <utility>

namespace tutti::services::discord::rest {

bool Faults::add(Fault fault) {
    if (faults_.size() >= faults_max || fault.times == 0) return false;
    faults_.push_back(std::move(fault));
    return true;
}

std::optional<Fault> Faults::next(std::string_view route) {
    const auto at = std::ranges::find_if(
        faults_, [route](const Fault& one) { return one.route.empty() || one.route == route; });
    if (at == faults_.end()) return std::nullopt;
    Fault met = *at;
    if (--at->times == 0) faults_.erase(at);
    return met;
}

}  // namespace tutti::services::discord::rest
