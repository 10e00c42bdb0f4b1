// Which options there are, each taken from the member that it is, so that a message names no other:
// an OptionName that is none of these does not compile.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "tutti/cooldown.hpp"
#include "tutti/doctor.hpp"
#include "tutti/invalidator.hpp"
#include "tutti/near.hpp"
#include "tutti/node.hpp"
#include "tutti/options.hpp"
#include "tutti/outbox.hpp"
#include "tutti/reservation.hpp"
#include "tutti/resilience.hpp"

namespace tutti::option_names {

struct Known {
    std::string_view group;  // "store" of "store.ttl"; empty: of the declaration itself
    std::string_view name;
};

using Cache = CacheOptions<std::string, int>;
using Tier = StoreTier<int>;
using NearDocument = NearOptions<std::string, int>;
using Reserved = ReservationOptions<std::string>;
using Refreshed = Refresh<std::string>;
using Warmed = WarmUp<std::string>;
using Checked = SpotCheck<int>;

#define TUTTI_OPTION(group, options, member) \
    Known { group, (static_cast<void>(&options::member), #member) }

inline constexpr std::array all{
    TUTTI_OPTION("", Cache, name),
    TUTTI_OPTION("", Cache, caches),
    TUTTI_OPTION("", Cache, stale),
    TUTTI_OPTION("", Cache, ttl),
    TUTTI_OPTION("", Cache, bound),
    TUTTI_OPTION("", Cache, absent_ttl),
    TUTTI_OPTION("", Cache, idle_ttl),
    TUTTI_OPTION("", Cache, ttl_jitter),
    TUTTI_OPTION("", Cache, weigh),
    TUTTI_OPTION("", Cache, load),
    TUTTI_OPTION("", Cache, load_many_keys_max),
    TUTTI_OPTION("", Cache, load_deadline),
    TUTTI_OPTION("", Cache, loads_max),
    TUTTI_OPTION("", Cache, store),
    TUTTI_OPTION("", Cache, negative),
    TUTTI_OPTION("", Cache, stale_if_error),
    TUTTI_OPTION("", Cache, channel),
    TUTTI_OPTION("", Cache, tagged),
    TUTTI_OPTION("tagged", Tagged, tags_max),
    TUTTI_OPTION("warm_up", Warmed, keys),
    TUTTI_OPTION("warm_up", Warmed, keys_at_once),
    TUTTI_OPTION("warm_up", Warmed, deadline),
    TUTTI_OPTION("events", EventListener, listen),
    TUTTI_OPTION("events", EventListener, kinds),
    TUTTI_OPTION("events", EventListener, waiting_max),
    TUTTI_OPTION("", Cache, spot_check),
    TUTTI_OPTION("spot_check", Checked, one_in),
    TUTTI_OPTION("spot_check", Checked, within),
    TUTTI_OPTION("spot_check", Checked, same),
    TUTTI_OPTION("", Cache, plain),
    TUTTI_OPTION("", Cache, foreign_publishers),
    TUTTI_OPTION("", Cache, reach),
    TUTTI_OPTION("", Cache, on_suspect),
    TUTTI_OPTION("", Cache, on_disconnect),
    TUTTI_OPTION("", Cache, validate_on_read),
    TUTTI_OPTION("", Cache, note),
    TUTTI_OPTION("store", Tier, ttl),
    TUTTI_OPTION("store", Tier, codec),
    TUTTI_OPTION("store", Tier, version),
    TUTTI_OPTION("store", Tier, raw_prefix),
    TUTTI_OPTION("store", Tier, foreign_writers),
    TUTTI_OPTION("store", Tier, rank),
    TUTTI_OPTION("store", Tier, rank_yields_after),
    TUTTI_OPTION("store", Tier, value_bytes_max),
    TUTTI_OPTION("store", Tier, compress_above_bytes),
    TUTTI_OPTION("negative", NegativeTtls, ceiling),
    TUTTI_OPTION("negative", NegativeTtls, categories),
    TUTTI_OPTION("negative", NegativeTtls, otherwise),
    TUTTI_OPTION("stale_if_error", StaleIfError, for_up_to),
    TUTTI_OPTION("stale_if_error", StaleIfError, retry_after),
    TUTTI_OPTION("stale_if_error", StaleIfError, when_slower_than),
    TUTTI_OPTION("refresh", Refreshed, on_hit_after),
    TUTTI_OPTION("refresh", Refreshed, keys),
    TUTTI_OPTION("refresh", Refreshed, first),
    TUTTI_OPTION("refresh", Refreshed, every),
    TUTTI_OPTION("refresh", Refreshed, signal_after),
    TUTTI_OPTION("", NearDocument, document),
    TUTTI_OPTION("", NearDocument, codec),
    TUTTI_OPTION("", NearDocument, project),
    TUTTI_OPTION("", NearDocument, documents_max),
    TUTTI_OPTION("", NearDocument, document_bytes_max),
    TUTTI_OPTION("", Reserved, window),
    TUTTI_OPTION("", Reserved, when_store_fails),
    TUTTI_OPTION("", Reserved, note_bytes_max),
    TUTTI_OPTION("", Reserved, raw_prefix),
    TUTTI_OPTION("", CooldownOptions, period),
    TUTTI_OPTION("", InvalidatorOptions, changes),
    TUTTI_OPTION("", NodeOptions, service),
    TUTTI_OPTION("", NodeOptions, redis),
    TUTTI_OPTION("", NodeOptions, embedded),
    TUTTI_OPTION("", NodeOptions, app),
    TUTTI_OPTION("", NodeOptions, lease),
    TUTTI_OPTION("", NodeOptions, clock_drift_max),
    TUTTI_OPTION("", NodeOptions, wait_out_margin),
    TUTTI_OPTION("", NodeOptions, command_deadline),
    TUTTI_OPTION("", NodeOptions, workers),
    TUTTI_OPTION("", NodeOptions, worker_queue_max),
    TUTTI_OPTION("", NodeOptions, stop_deadline),
    TUTTI_OPTION("", NodeOptions, start_degraded),
    TUTTI_OPTION("", DoctorOptions, key_prefixes),
    TUTTI_OPTION("", DoctorOptions, channels),
    TUTTI_OPTION("", DoctorOptions, timeout),
    TUTTI_OPTION("", outbox::PublisherOptions, poll_every),
    TUTTI_OPTION("", outbox::PublisherOptions, deadline),
    TUTTI_OPTION("", outbox::PublisherOptions, keys_max),
    TUTTI_OPTION("", outbox::PublisherOptions, rows_kept),
};

#undef TUTTI_OPTION

[[nodiscard]] constexpr bool contains(std::string_view name) {
    const std::size_t dot = name.find('.');
    const bool grouped = dot != std::string_view::npos;
    const Known wanted{grouped ? name.substr(0, dot) : "", grouped ? name.substr(dot + 1) : name};
    return std::ranges::any_of(all, [&](const Known& known) {
        return known.group == wanted.group && known.name == wanted.name;
    });
}

// Called in a constant expression, so that the compiler repeats its name.
inline void no_option_of_this_name() {}

}  // namespace tutti::option_names

namespace tutti {

// "ttl", "store.ttl".
class OptionName {
public:
    consteval OptionName(const char* name)  // NOLINT(google-explicit-constructor)
        : text_(name) {
        if (!option_names::contains(text_)) option_names::no_option_of_this_name();
    }

    [[nodiscard]] constexpr std::string_view text() const noexcept { return text_; }

private:
    std::string_view text_;
};

}  // namespace tutti
