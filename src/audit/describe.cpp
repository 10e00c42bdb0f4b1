#include "audit/describe.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iomanip>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;

struct TimeUnit {
    Duration length;
    std::string_view name;
};

// The largest unit that leaves no fraction: "90 s", not "1.5 min".
std::string describe(const Ttl& ttl) {
    static constexpr std::array units{TimeUnit{1h, "h"},   TimeUnit{1min, "min"},
                                      TimeUnit{1s, "s"},   TimeUnit{1ms, "ms"},
                                      TimeUnit{1us, "us"}, TimeUnit{1ns, "ns"}};
    if (ttl.is_never()) return "never";
    const Duration lifetime = ttl.lifetime();
    if (lifetime == Duration::zero()) return "0 s";
    if (lifetime >= 48h && lifetime % 24h == 0ns) return std::to_string(lifetime / 24h) + " d";
    std::size_t i = 0;
    while (lifetime % units[i].length != 0ns) ++i;
    return std::to_string(lifetime / units[i].length).append(" ").append(units[i].name);
}

std::string describe_bytes(std::size_t bytes) {
    static constexpr std::array names{"bytes", "KiB", "MiB", "GiB"};
    std::size_t i = 0;
    while (bytes != 0 && bytes % 1024 == 0 && i + 1 < names.size()) {
        bytes /= 1024;
        ++i;
    }
    return std::to_string(bytes).append(" ").append(names[i]);
}

}  // namespace

// Of none that failed among n the upper bound of their share is 3/n; of k it is a little less than
// what is taken here.
double proven_share(std::uint64_t samples, std::uint64_t failed) noexcept {
    const auto count = static_cast<double>(failed);
    const double bound = count + 1.645 * std::sqrt(count) + 3;
    const auto all = static_cast<double>(samples);
    return bound < all ? 1 - bound / all : 0;
}

std::string describe_share(double share) {
    const double percent = (1 - share) * 100;
    const int digits = std::max(0, static_cast<int>(std::ceil(-std::log10(percent) - 1e-9)));
    const double grain = std::pow(10, digits);
    std::ostringstream text;
    text << std::fixed << std::setprecision(digits)
         << std::floor((100 - percent) * grain + 1e-6) / grain << " %";
    return text.str();
}

std::string describe_tiers(const Declaration& declaration) {
    if (!declaration.memory_ttl || !declaration.store_ttl) {
        return audit::describe_place(declaration);
    }
    return "memory (" + describe(*declaration.memory_ttl) + ") + store (" +
           describe(*declaration.store_ttl) + ")";
}

std::string describe_invalidation(const Declaration& declaration) {
    if (uses_bus(declaration.pattern) && !declaration.channel.empty()) return "Redis pub/sub event";
    if (declaration.pattern == Pattern::cooldown) return "Periodic cleanup";
    const auto& ttl = declaration.store_ttl ? declaration.store_ttl : declaration.memory_ttl;
    return ttl && ttl->is_never() ? "None (never expires)" : "TTL expiry";
}

std::string describe(const Backend& backend) {
    constexpr std::size_t shown_max = 14;  // the kind, and enough of what tells two of them apart
    if (!backend.known()) return "a backend that is not known";
    const std::string server = audit::printable(backend.server.substr(0, shown_max));
    const std::string app = audit::printable(backend.app);
    return server + ", database " + std::to_string(backend.database) +
           (app.empty() ? "" : ", app " + app);
}

std::string describe_promise(const Backend& backend) {
    std::string_view promise;
    switch (backend.done) {
    case Assurance::unknown: return audit::printable(backend.product);
    case Assurance::one_server:
        promise = "`done` is promised: no other server can take the place of this one";
        break;
    case Assurance::majority:
        promise = "`done` is promised across a failover: it waits for a majority of the servers";
        break;
    case Assurance::uncounted:
        promise =
            "`done` is not promised, `unconfirmed` is answered: other servers may take the place "
            "of this one, and its URL does not say how many (?replicas=N)";
        break;
    }
    return audit::printable(backend.product) + (backend.product.empty() ? "" : ": ") +
           std::string(promise);
}

namespace audit {

bool keeps_memory(const Declaration& declaration) {
    if (declaration.publishes_only) return false;
    if (declaration.pattern != Pattern::shared) return uses_memory(declaration.pattern);
    return declaration.memory_ttl || declaration.bound;
}

std::string describe_place(const Declaration& declaration) {
    std::string place = keeps_memory(declaration) ? "memory" : "";
    if (uses_bus(declaration.pattern) && !declaration.channel.empty())
        place += place.empty() ? "bus" : " + bus";
    const bool stores = uses_store(declaration.pattern) || declaration.store_ttl;
    if (stores) place += place.empty() ? "store" : " + store";
    return place;
}

std::string describe_ttl(const Declaration& declaration) {
    if (declaration.publishes_only) return "-";
    if (!declaration.memory_ttl && !declaration.store_ttl) return "not set";
    std::string text = declaration.memory_ttl ? describe(*declaration.memory_ttl) : "";
    if (!declaration.store_ttl) return text;
    return text.append(text.empty() ? "" : " / ").append(describe(*declaration.store_ttl));
}

std::string describe_bound(const Declaration& declaration) {
    if (!keeps_memory(declaration)) return "-";
    if (!declaration.bound) return "unbounded";
    const std::size_t limit = declaration.bound->limit();
    if (declaration.bound->unit() == Bound::Unit::bytes) return describe_bytes(limit);
    return std::to_string(limit) + (limit == 1 ? " entry" : " entries");
}

std::string describe_checks(const InventoryRow& row) {
    const auto& within = row.declaration.checked_within;
    if (!within || row.node.empty()) return {};
    const std::uint64_t same = row.counters.checked_same;
    const std::uint64_t stale = row.counters.checked_stale;
    std::string text = "spot checks: " + std::to_string(same) + " the same, " +
                       std::to_string(stale) + " stale within " + describe(*within);
    const double share = proven_share(same + stale, stale);
    if (share == 0) return text + ": too few to say what share of the hits is true";
    return text + ": of the hits at least " + describe_share(share) + " are true (95 % certain)";
}

std::string means_nothing_for(Pattern pattern) {
    return std::string("means nothing for a ")
        .append(to_string(pattern))
        .append(" cache; leave it out");
}

std::string printable(std::string_view text) {
    std::string clean(text);
    for (std::size_t i = 0; i < clean.size(); ++i) {
        const auto byte = static_cast<unsigned char>(clean[i]);
        // U+0080 to U+009F are control characters too: 0xC2 and then 0x80 to 0x9F in UTF-8.
        const bool second_set =
            byte == 0xC2 && i + 1 < clean.size() && static_cast<unsigned char>(clean[i + 1]) < 0xA0;
        if (second_set) clean[i + 1] = '?';
        if (second_set || byte < 0x20 || byte == 0x7F) clean[i] = '?';
    }
    return clean;
}

std::vector<std::string> split_nodes(std::string_view nodes) {
    constexpr std::string_view separator = ", ";
    std::vector<std::string> names;
    while (!nodes.empty()) {
        const std::size_t end = nodes.find(separator);
        if (end != 0) names.emplace_back(nodes.substr(0, end));
        nodes.remove_prefix(end == std::string_view::npos ? nodes.size() : end + separator.size());
    }
    return names;
}

}  // namespace audit
}  // namespace tutti
