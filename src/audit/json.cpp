// The wire form of an inventory. Grades are written for other programs and never read: a reader of
// a declaration grades it by its own rules. Absent members keep their defaults, so that programs of
// different versions understand each other; those that nothing can be said without are mandatory.
//
// The members are those of the structs of inventory.hpp, described below; json.hpp reads and writes
// the values that it knows. What is added here: a declaration and its need are no objects of their
// own on the wire, and the forms of a time to live, of a bound and of the counters.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ratio>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/mp11/algorithm.hpp>

#include "audit/describe.hpp"
#include "base/cache_counters.hpp"
#include "tutti/clock.hpp"
#include "tutti/detail/json_read.hpp"
#include "tutti/detail/json_text.hpp"
#include "tutti/detail/json_types.hpp"
#include "tutti/detail/json_write.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"
#include "tutti/json/limits.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti {

BOOST_DESCRIBE_ENUM(Pattern, coherent, shared, near, local, cooldown, reservation)
BOOST_DESCRIBE_ENUM(Stale, wrong, acceptable)
// In the order of the wire. The grade and the counters follow.
BOOST_DESCRIBE_STRUCT(Need, (), (stale, expensive_source, read_heavy, rate_limit, once_in_fleet))
BOOST_DESCRIBE_STRUCT(Declaration, (),
                      (name, caches, pattern, need, memory_ttl, store_ttl, bound, raw_prefix,
                       channel, foreign_publishers, publishes_only, checked_within, note))
BOOST_DESCRIBE_ENUM(Assurance, unknown, one_server, majority, uncounted)
BOOST_DESCRIBE_STRUCT(Backend, (), (server, database, app, product, done))
BOOST_DESCRIBE_STRUCT(InventoryRow, (), (service, node, backend, declaration))

namespace {

namespace bj = boost::json;
using json::Problems;

constexpr std::size_t rows_max = 10'000;
constexpr JsonLimits limits{.bytes_max = 4UL << 20U, .depth_max = 16, .values_max = 64 * rows_max};
constexpr std::size_t text_bytes_max = 16UL << 10U;
constexpr const char* operation = "read inventory";
constexpr std::array<std::string_view, 5> mandatory{"service", "name", "pattern", "stale",
                                                    "server"};

bj::string_view boost_view(std::string_view text) { return {text.data(), text.size()}; }

// Its members stand among those of the struct that holds it.
template <class T>
concept Flat = std::same_as<T, Declaration> || std::same_as<T, Need>;

// "memoryTtlMs" for a member `memory_ttl`.
template <class T>
std::string wire_name(std::string_view member) {
    return json::camel_case(member) + (std::same_as<T, std::optional<Ttl>> ? "Ms" : "");
}

using Milliseconds = std::chrono::duration<double, std::milli>;
using Seconds = std::chrono::duration<double>;

template <class T>
void write_members(bj::object& object, const T& from, Problems& problems);

template <class T>
bj::value written(const T& from, Problems& problems) {
    return json::detail::write_value(from, problems);
}

bj::value written(const std::optional<Ttl>& ttl, Problems&) {
    if (ttl->is_never()) return "never";
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(ttl->lifetime());
    if (whole == ttl->lifetime()) return whole.count();
    return Milliseconds(ttl->lifetime()).count();
}

bj::value written(const std::optional<Bound>& bound, Problems&) {
    const bool in_bytes = bound->unit() == Bound::Unit::bytes;
    return bj::object{{in_bytes ? "bytes" : "entries", bound->limit()}};
}

bj::value written(const CacheCounters& counters, Problems&) {
    bj::object object;
    for (const CounterName& counter : counter_names) {
        object[json::camel_case(counter.name)] = counters.*counter.count;
    }
    const auto write_times = [&](std::string_view name, const auto& times) {
        object[boost_view(name)] =
            bj::object{{"counts", bj::array(times.counts.begin(), times.counts.end())},
                       {"seconds", Seconds(times.total).count()}};
    };
    if (counters.load_times != LoadTimes{}) write_times("loadTimes", counters.load_times);
    if (counters.wait_times != WaitTimes{}) write_times("waitTimes", counters.wait_times);
    if (counters.hit_times) write_times("hitTimes", *counters.hit_times);
    return object;
}

bj::value written(const Backend& backend, Problems& problems) {
    bj::object object;
    write_members(object, backend, problems);
    return object;
}

template <class T>
bool is_left_out(std::string_view, const T&) {
    return false;
}
template <class T>
bool is_left_out(std::string_view, const std::optional<T>& value) {
    return !value;
}
bool is_left_out(std::string_view, const Backend& backend) { return !backend.known(); }
bool is_left_out(std::string_view member, const std::string& text) {
    return (member == "raw_prefix" || member == "product") && text.empty();
}
bool is_left_out(std::string_view, const Assurance& done) { return done == Assurance::unknown; }

template <class T>
void write_members(bj::object& object, const T& from, Problems& problems) {
    boost::mp11::mp_for_each<json::detail::Members<T>>([&](auto member) {
        const auto& value = from.*member.pointer;
        using Member = std::remove_cvref_t<decltype(value)>;
        if constexpr (Flat<Member>) {
            write_members(object, value, problems);
        } else if (!is_left_out(member.name, value)) {
            object[wire_name<Member>(member.name)] = written(value, problems);
        }
    });
}

bj::object row_value(const InventoryRow& row, const Grade& verdict) {
    Problems ignored(limits.depth_max);  // what cannot be written is replaced
    bj::object object;
    write_members(object, row, ignored);
    object["location"] = audit::describe_place(row.declaration);
    object["invalidation"] = describe_invalidation(row.declaration);
    object["risk"] = boost_view(to_string(verdict.risk));
    object["rule"] = boost_view(verdict.rule);
    object["reason"] = boost_view(verdict.reason);
    object["counters"] = written(row.counters, ignored);
    return object;
}

template <class T>
void read_members(const bj::object& object, T& to, Problems& problems);

template <class T>
void understand(const bj::value& from, T& to, Problems& problems) {
    json::detail::read_value(from, to, problems);
}

void understand(const bj::value& from, std::string& to, Problems& problems) {
    json::detail::read_value(from, to, problems);
    if (to.size() > text_bytes_max) problems.add("is too long");
}

void understand(const bj::value& from, std::optional<Ttl>& to, Problems& problems) {
    constexpr double limit = 9e12;  // milliseconds that fit into Duration, rounded down
    if (from.is_string() && from.get_string() == "never") {
        to = Ttl::never();
        return;
    }
    const double count = from.is_number() ? from.to_number<double>() : limit + 1;
    if (!(std::abs(count) <= limit)) return problems.add("must be milliseconds or \"never\"");
    to = Ttl(std::chrono::round<Duration>(Milliseconds(count)));
}

void understand(const bj::value& from, std::optional<Bound>& to, Problems& problems) {
    if (!from.is_object()) return problems.expected("an object", from);
    std::optional<std::size_t> in_entries;
    std::optional<std::size_t> in_bytes;
    json::detail::read_member(from.get_object(), "entries", in_entries, problems);
    json::detail::read_member(from.get_object(), "bytes", in_bytes, problems);
    if (in_entries) {
        to = entries(*in_entries);
    } else if (in_bytes) {
        to = bytes(*in_bytes);
    } else {
        problems.add("must name entries or bytes");
    }
}

// Those of a process with other limits cannot be added up, and are left out.
template <const auto& Limits>
void understand(const bj::value& from, Times<Limits>& to, Problems& problems) {
    constexpr double limit = 9e9;  // seconds that fit into Duration, rounded down
    if (!from.is_object()) return problems.expected("an object", from);
    std::vector<std::uint64_t> counts;
    double seconds = 0;
    json::detail::read_member(from.get_object(), "counts", counts, problems);
    json::detail::read_member(from.get_object(), "seconds", seconds, problems);
    if (!(seconds >= 0 && seconds <= limit)) return problems.add("seconds are out of range");
    if (counts.size() != to.counts.size()) return;
    std::ranges::copy(counts, to.counts.begin());
    to.total = std::chrono::round<Duration>(Seconds(seconds));
}

template <class T>
void read_one(const bj::object& object, const std::string& name, T& to, Problems& problems);

void understand(const bj::value& from, CacheCounters& to, Problems& problems) {
    if (!from.is_object()) return problems.expected("an object", from);
    read_one(from.get_object(), "loadTimes", to.load_times, problems);
    read_one(from.get_object(), "waitTimes", to.wait_times, problems);
    if (from.get_object().contains("hitTimes")) {
        read_one(from.get_object(), "hitTimes", to.hit_times.emplace(), problems);
    }
    for (const CounterName& counter : counter_names) {
        std::optional<std::uint64_t> count;
        json::detail::read_member(from.get_object(), json::camel_case(counter.name), count,
                                  problems);
        to.*counter.count = count.value_or(0);
    }
}

void understand(const bj::value& from, Backend& to, Problems& problems) {
    if (!from.is_object()) return problems.expected("an object", from);
    read_members(from.get_object(), to, problems);
}

template <class T>
void read_one(const bj::object& object, const std::string& name, T& to, Problems& problems) {
    problems.enter(name);
    const bj::value* const found = object.if_contains(name);
    const bool is_absent = !found || found->is_null();
    const bool is_mandatory = std::ranges::find(mandatory, name) != mandatory.end();
    if (is_mandatory && (is_absent || *found == "")) {
        problems.add("missing");
    } else if (!is_absent) {
        understand(*found, to, problems);
    }
    problems.leave();
}

template <class T>
void read_members(const bj::object& object, T& to, Problems& problems) {
    boost::mp11::mp_for_each<json::detail::Members<T>>([&](auto member) {
        auto& value = to.*member.pointer;
        using Member = std::remove_cvref_t<decltype(value)>;
        if constexpr (Flat<Member>) {
            read_members(object, value, problems);
        } else {
            read_one(object, wire_name<Member>(member.name), value, problems);
        }
    });
}

void read_row(const bj::value& from, InventoryRow& to, Problems& problems) {
    if (!from.is_object()) return problems.expected("an object", from);
    read_members(from.get_object(), to, problems);
    read_one(from.get_object(), "counters", to.counters, problems);
}

}  // namespace

std::string to_json(std::span<const InventoryRow> rows) {
    bj::array caches;
    const std::vector<Grade> verdicts = grades(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        caches.push_back(row_value(rows[i], verdicts[i]));
    }
    const bj::string_view risk = boost_view(to_string(worst(rows)));
    return json::serialize(bj::object{{"worst", risk}, {"caches", std::move(caches)}});
}

Result<Inventory> parse_inventory(std::string_view text) {
    const auto document = json::parse(text, limits);
    if (!document) return fail(document.error().code, operation, document.error().cause);
    const bj::object* top = document->if_object();
    const bj::value* caches = top ? top->if_contains("caches") : nullptr;
    if (!caches || !caches->is_array()) {
        return fail(Errc::protocol, operation, "not an inventory: the array caches is missing");
    }
    const bj::array& rows = caches->get_array();
    if (rows.size() > rows_max) {
        return fail(Errc::too_large, operation, "more than 10000 caches");
    }
    Inventory inventory(rows.size());
    Problems problems(limits.depth_max);
    problems.enter("caches");
    for (std::size_t i = 0; i < rows.size() && !problems.full(); ++i) {
        problems.enter(i);
        read_row(rows[i], inventory[i], problems);
        problems.leave();
    }
    problems.leave();
    if (!problems.empty()) return fail(Errc::protocol, operation, problems.text());
    return inventory;
}

}  // namespace tutti
