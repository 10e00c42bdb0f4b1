// The rules that a declaration keeps by itself and several processes can break together.
#include <algorithm>
#include <cstddef>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "audit/prefixes.hpp"
#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"
#include "tutti/store.hpp"

namespace tutti {
namespace {

constexpr Grade split_fleet{
    Risk::critical, "split-fleet",
    "processes that should share a log are on different ones: what is invalidated through one is "
    "`done` and the others, ready, go on with the old value",
    "give all of them the same Redis, the same database number and the same app"};
constexpr Grade shared_prefix{
    Risk::critical, "shared-prefix",
    "two caches may use one key of the store: they displace each other's values, or take them for "
    "their own",
    "give them raw prefixes of which neither begins with the other"};

constexpr Grade crowded_channel{Risk::minor, "crowded-channel",
                                "more caches keep values in the store on one channel than an "
                                "invalidation reaches: those beyond "
                                "never use the store",
                                "give some of them another channel"};

// Rows that should be on one backend, by what makes them so.
using Group = std::pair<std::string_view, std::string_view>;

void find_split(std::span<const InventoryRow> rows, std::vector<Grade>& grades) {
    std::map<Group, std::vector<std::size_t>> groups;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!rows[i].backend.known()) continue;
        const Declaration& declaration = rows[i].declaration;
        groups[{rows[i].service, declaration.name}].push_back(i);
        // Services that share a channel; no service has an empty name.
        if (!declaration.channel.empty()) groups[{"", declaration.channel}].push_back(i);
    }
    for (const auto& [group, members] : groups) {
        const Backend& first = rows[members.front()].backend;
        const bool one = std::ranges::all_of(
            members, [&](std::size_t i) { return rows[i].backend.is_at(first); });
        if (one) continue;
        for (const std::size_t i : members) grades[i] = split_fleet;
    }
}

void find_crowded(std::span<const InventoryRow> rows, std::vector<Grade>& grades) {
    const auto keeps_values = [](const Declaration& declaration) {
        return declaration.store_ttl && !declaration.channel.empty();
    };
    std::map<std::string_view, std::set<std::string_view>> caches;  // by channel
    for (const InventoryRow& row : rows) {
        const Declaration& declaration = row.declaration;
        if (keeps_values(declaration)) caches[declaration.channel].insert(declaration.name);
    }
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const Declaration& declaration = rows[i].declaration;
        const bool crowded = keeps_values(declaration) &&
                             caches[declaration.channel].size() > ValueAddress::prefixes_max;
        if (crowded && grades[i].risk == Risk::none) grades[i] = crowded_channel;
    }
}

// A cache of one name is one cache, in whichever service it is declared.
bool is_another(const Declaration& one, const Declaration& other) {
    const auto reserves = [](const Declaration& d) { return d.pattern == Pattern::reservation; };
    return one.name != other.name || one.raw_prefix != other.raw_prefix ||
           reserves(one) != reserves(other);
}

bool may_be_one_store(const Backend& one, const Backend& other) {
    return !one.known() || !other.known() ||
           (one.server == other.server && one.database == other.database);
}

void find_shared_prefixes(std::span<const InventoryRow> rows, std::vector<Grade>& grades) {
    const auto prefix = [&](std::size_t i) -> const std::string& {
        return rows[i].declaration.raw_prefix;
    };
    std::vector<std::size_t> by_prefix(rows.size());
    std::iota(by_prefix.begin(), by_prefix.end(), 0U);
    std::erase_if(by_prefix, [&](std::size_t i) { return prefix(i).empty(); });
    std::ranges::sort(by_prefix, {}, prefix);
    // What begins with a prefix stands directly behind it.
    for (auto one = by_prefix.begin(); one != by_prefix.end(); ++one) {
        for (auto other = one + 1; other != by_prefix.end(); ++other) {
            if (!audit::overlap(prefix(*one), prefix(*other))) break;
            if (!is_another(rows[*one].declaration, rows[*other].declaration)) continue;
            if (!may_be_one_store(rows[*one].backend, rows[*other].backend)) continue;
            grades[*one] = grades[*other] = shared_prefix;
        }
    }
}

}  // namespace

std::vector<Grade> grades(std::span<const InventoryRow> rows) {
    std::vector<Grade> grades;
    grades.reserve(rows.size());
    for (const InventoryRow& row : rows) grades.push_back(grade(row.declaration));
    find_crowded(rows, grades);
    find_shared_prefixes(rows, grades);
    find_split(rows, grades);
    return grades;
}

}  // namespace tutti
