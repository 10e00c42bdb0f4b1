// The wire form of an inventory. Grades are written for other programs and never read: whoever reads a
// declaration grades it by its own rules. Absent members keep their defaults, so that programs of
// different versions understand each other; four that nothing can be said without are mandatory.
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <ratio>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "audit/describe.hpp"
#include "base/cache_counters.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/json_text.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"
#include "tutti/json/limits.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti {
namespace {

namespace bj = boost::json;

constexpr std::size_t rows_max = 10'000;
constexpr JsonLimits limits{.bytes_max = 4UL << 20U, .depth_max = 16, .values_max = 64 * rows_max};
constexpr std::size_t string_bytes_max = 16UL << 10U;
constexpr std::string_view operation = "read inventory";

bj::string_view boost_view(std::string_view text) { return {text.data(), text.size()}; }

using Milliseconds = std::chrono::duration<double, std::milli>;

bj::value ttl_value(const Ttl& ttl) {
    if (ttl.is_never()) return "never";
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(ttl.lifetime());
    if (whole == ttl.lifetime()) return whole.count();
    return Milliseconds(ttl.lifetime()).count();
}

bj::object counters_value(const CacheCounters& counters) {
    bj::object object;
    for (const CounterName& counter : counter_names) {
        object[json::camel_case(counter.name)] = counters.*counter.count;
    }
    return object;
}

void write_declaration(bj::object& object, const Declaration& declaration) {
    object["name"] = declaration.name;
    object["caches"] = declaration.caches;
    object["pattern"] = boost_view(to_string(declaration.pattern));
    object["stale"] = boost_view(to_string(declaration.need.stale));
    object["expensiveSource"] = declaration.need.expensive_source;
    object["readHeavy"] = declaration.need.read_heavy;
    object["rateLimit"] = declaration.need.rate_limit;
    object["onceInFleet"] = declaration.need.once_in_fleet;
    if (declaration.memory_ttl) object["memoryTtlMs"] = ttl_value(*declaration.memory_ttl);
    if (declaration.store_ttl) object["storeTtlMs"] = ttl_value(*declaration.store_ttl);
    if (declaration.bound) {
        const bool in_bytes = declaration.bound->unit() == Bound::Unit::bytes;
        object["bound"] = bj::object{{in_bytes ? "bytes" : "entries", declaration.bound->limit()}};
    }
    if (!declaration.raw_prefix.empty()) object["rawPrefix"] = declaration.raw_prefix;
    object["channel"] = declaration.channel;
    object["foreignPublishers"] = declaration.foreign_publishers;
    object["note"] = declaration.note;
}

bj::object row_value(const InventoryRow& row, const Grade& verdict) {
    bj::object object{{"service", row.service}, {"node", row.node}};
    if (row.backend.known()) {
        object["backend"] = bj::object{{"server", row.backend.server},
                                       {"database", row.backend.database},
                                       {"app", row.backend.app}};
    }
    write_declaration(object, row.declaration);
    object["location"] = audit::describe_place(row.declaration);
    object["invalidation"] = describe_invalidation(row.declaration);
    object["risk"] = boost_view(to_string(verdict.risk));
    object["rule"] = boost_view(verdict.rule);
    object["reason"] = boost_view(verdict.reason);
    object["counters"] = counters_value(row.counters);
    return object;
}

// Reads the members of one object. Remembers the first thing that is wrong and then yields defaults.
class Members {
public:
    Members(const bj::object& object, std::string path, std::string& problem)
        : object_(object), path_(std::move(path)), problem_(problem) {}

    [[nodiscard]] const bj::value* find(std::string_view name) const {
        return object_.if_contains(boost_view(name));
    }

    [[nodiscard]] std::string text(std::string_view name) const {
        const bj::value* value = find(name);
        if (!value) return {};
        if (!value->is_string()) return wrong(name, "must be a string"), std::string();
        const bj::string& string = value->get_string();
        if (string.size() > string_bytes_max) return wrong(name, "is too long"), std::string();
        return {string.data(), string.size()};
    }

    [[nodiscard]] std::string mandatory_text(std::string_view name) const {
        std::string found = text(name);
        if (found.empty()) wrong(name, "is missing");
        return found;
    }

    [[nodiscard]] bool flag(std::string_view name) const {
        const bj::value* value = find(name);
        if (value && !value->is_bool()) wrong(name, "must be true or false");
        return value && value->is_bool() && value->get_bool();
    }

    [[nodiscard]] std::uint64_t count(std::string_view name) const {
        const bj::value* value = find(name);
        if (!value) return 0;
        if (value->is_uint64()) return value->get_uint64();
        if (value->is_int64() && value->get_int64() >= 0) {
            return static_cast<std::uint64_t>(value->get_int64());
        }
        wrong(name, "must be a whole number of at least 0");
        return 0;
    }

    // The one of `choices` whose to_string is the member's text.
    template <class Enum, std::size_t N>
    [[nodiscard]] Enum choice(std::string_view name, const std::array<Enum, N>& choices) const {
        const std::string found = mandatory_text(name);
        std::string expected = "must be one of:";
        for (const Enum one : choices) {
            if (to_string(one) == found) return one;
            expected.append(" ").append(to_string(one));
        }
        wrong(name, expected);
        return choices.front();
    }

    [[nodiscard]] std::optional<Ttl> ttl(std::string_view name) const {
        constexpr double limit = 9e12;  // milliseconds that fit into Duration, rounded down
        const bj::value* value = find(name);
        if (!value || value->is_null()) return std::nullopt;
        if (value->is_string() && value->get_string() == "never") return Ttl::never();
        const double count = value->is_number() ? value->to_number<double>() : limit + 1;
        if (!(std::abs(count) <= limit)) {
            wrong(name, "must be milliseconds or \"never\"");
            return std::nullopt;
        }
        return Ttl(std::chrono::round<Duration>(Milliseconds(count)));
    }

    [[nodiscard]] std::optional<Members> object(std::string_view name) const {
        const bj::value* value = find(name);
        if (!value || value->is_null()) return std::nullopt;
        if (value->is_object()) return Members(value->get_object(), at(name), problem_);
        wrong(name, "must be an object");
        return std::nullopt;
    }

    void wrong(std::string_view name, std::string_view text) const {
        if (problem_.empty()) problem_ = at(name).append(" ").append(text);
    }

private:
    [[nodiscard]] std::string at(std::string_view name) const {
        return std::string(path_).append(".").append(name);
    }

    const bj::object& object_;
    std::string path_;
    std::string& problem_;
};

std::optional<Bound> read_bound(const Members& row) {
    const auto bound = row.object("bound");
    if (!bound) return std::nullopt;
    if (bound->find("entries")) return entries(bound->count("entries"));
    if (bound->find("bytes")) return bytes(bound->count("bytes"));
    row.wrong("bound", "must name entries or bytes");
    return std::nullopt;
}

Declaration read_declaration(const Members& row) {
    static constexpr std::array patterns{Pattern::coherent, Pattern::shared,
                                         Pattern::near,     Pattern::local,
                                         Pattern::cooldown, Pattern::reservation};
    static constexpr std::array stale{Stale::wrong, Stale::acceptable};
    return {
        .name = row.mandatory_text("name"),
        .caches = row.text("caches"),
        .pattern = row.choice("pattern", patterns),
        .need =
            {
                .stale = row.choice("stale", stale),
                .expensive_source = row.flag("expensiveSource"),
                .read_heavy = row.flag("readHeavy"),
                .rate_limit = row.flag("rateLimit"),
                .once_in_fleet = row.flag("onceInFleet"),
            },
        .memory_ttl = row.ttl("memoryTtlMs"),
        .store_ttl = row.ttl("storeTtlMs"),
        .raw_prefix = row.text("rawPrefix"),
        .bound = read_bound(row),
        .channel = row.text("channel"),
        .foreign_publishers = row.flag("foreignPublishers"),
        .note = row.text("note"),
    };
}

Backend read_backend(const Members& row) {
    const auto backend = row.object("backend");
    if (!backend) return {};
    const std::uint64_t database = backend->count("database");
    if (database > std::numeric_limits<std::uint32_t>::max()) {
        backend->wrong("database", "is too large");
        return {};
    }
    return {.server = backend->mandatory_text("server"),
            .database = static_cast<std::uint32_t>(database),
            .app = backend->text("app")};
}

InventoryRow read_row(const Members& row) {
    InventoryRow result{
        .service = row.mandatory_text("service"),
        .node = row.text("node"),
        .backend = read_backend(row),
        .declaration = read_declaration(row),
        .counters = {},
    };
    if (const auto counters = row.object("counters")) {
        for (const CounterName& counter : counter_names) {
            result.counters.*counter.count = counters->count(json::camel_case(counter.name));
        }
    }
    return result;
}

}  // namespace

std::string to_json(std::span<const InventoryRow> rows) {
    bj::array caches;
    const std::vector<Grade> verdicts = grades(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        caches.push_back(row_value(rows[i], verdicts[i]));
    }
    const bj::string_view risk = boost_view(to_string(worst(rows)));
    return bj::serialize(bj::object{{"worst", risk}, {"caches", std::move(caches)}});
}

Result<Inventory> parse_inventory(std::string_view json) {
    const auto wrong = [](std::string cause) {
        return fail(Errc::protocol, std::string(operation), std::move(cause));
    };
    const auto value = tutti::json::parse(json, limits);
    if (!value) return fail(value.error().code, std::string(operation), value.error().cause);
    const bj::object* top = value->if_object();
    const bj::value* caches = top ? top->if_contains("caches") : nullptr;
    if (!caches || !caches->is_array())
        return wrong("not an inventory: the array caches is missing");
    const bj::array& rows = caches->get_array();
    if (rows.size() > rows_max) {
        return fail(Errc::too_large, std::string(operation), "more than 10000 caches");
    }

    Inventory inventory;
    std::string problem;
    for (const bj::value& row : rows) {
        const std::string path = "caches[" + std::to_string(inventory.size()) + "]";
        if (!row.is_object()) return wrong(path + " must be an object");
        inventory.push_back(read_row(Members(row.get_object(), path, problem)));
        if (!problem.empty()) return wrong(std::move(problem));
    }
    return inventory;
}

}  // namespace tutti
