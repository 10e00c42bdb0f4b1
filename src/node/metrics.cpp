#include "node/metrics.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <vector>

#include "observe/prometheus.hpp"

namespace tutti {

namespace {

using Type = MetricText::Type;

double seconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::duration<double>>(duration).count();
}

// One metric with a sample for each channel.
template <class Value>
void for_each_channel(MetricText& text, std::span<const ChannelStatus> channels,
                      std::string_view name, Type type, std::string_view help, Value value) {
    text.metric(name, type, help);
    for (const ChannelStatus& status : channels) {
        text.sample({{"channel", status.channel}}, value(status));
    }
}

// What follows from a lease.
void append_heard(MetricText& text, std::span<const ChannelStatus> heard) {
    for_each_channel(text, heard, "tutti_channel_lease_effective", Type::gauge,
                     "1 while memory may be served.",
                     [](const ChannelStatus& s) { return s.effective ? 1 : 0; });
    for_each_channel(text, heard, "tutti_channel_freshness_age_seconds", Type::gauge,
                     "Time since everything published was last known to be applied.",
                     [](const ChannelStatus& s) { return seconds(s.freshness_age); });
    for_each_channel(text, heard, "tutti_channel_applied_sequence", Type::gauge,
                     "Position in the log that every cache of the channel has applied.",
                     [](const ChannelStatus& s) { return s.applied; });
    for_each_channel(
        text, heard, "tutti_channel_applied_timestamp_seconds", Type::gauge,
        "When the last invalidation was applied, in seconds since the machine's boot.",
        [](const ChannelStatus& s) { return seconds(s.applied_at.time_since_epoch()); });
    for_each_channel(text, heard, "tutti_channel_lag", Type::gauge,
                     "Entries of the log that are known and not yet applied.",
                     [](const ChannelStatus& s) { return s.lag; });
    for_each_channel(text, heard, "tutti_channel_flushes_total", Type::counter,
                     "Times that every entry was dropped to be safe.",
                     [](const ChannelStatus& s) { return s.rejoins; });
    for_each_channel(text, heard, "tutti_channel_dropped_events_total", Type::counter,
                     "Plain events of a wrong shape, or too large.",
                     [](const ChannelStatus& s) { return s.dropped_events; });
}

}  // namespace

std::string metrics_text(std::span<const InventoryRow> rows,
                         std::span<const ChannelStatus> channels,
                         std::span<const Unpublished> unpublished) {
    MetricText text;
    if (!channels.empty() || !unpublished.empty()) {
        for_each_channel(text, channels, "tutti_channel_unpublished", Type::gauge,
                         "Invalidations that the bus has not taken yet.",
                         [](const ChannelStatus& s) { return s.unpublished; });
        for (const Unpublished& one : unpublished) {
            text.sample({{"channel", one.channel}}, one.count);
        }
        for_each_channel(text, channels, "tutti_channel_unpublished_seconds", Type::gauge,
                         "Time since the unpublished invalidations last became fewer; 0: none.",
                         [](const ChannelStatus& s) { return seconds(s.writer.standing); });
        for (const Unpublished& one : unpublished) {
            text.sample({{"channel", one.channel}}, seconds(one.standing));
        }
    }
    std::vector<ChannelStatus> heard;
    std::ranges::copy_if(channels, std::back_inserter(heard), &ChannelStatus::hears);
    if (!heard.empty()) append_heard(text, heard);
    if (channels.empty()) return prometheus_text(rows, text);
    for_each_channel(
        text, channels, "tutti_channel_unsent_events_total", Type::counter,
        "Messages of publications that were too large, or that the server refused to push.",
        [](const ChannelStatus& s) { return s.writer.unsent_events; });
    for_each_channel(text, channels, "tutti_channel_longest_lease_seconds", Type::gauge,
                     "Longest lease that an instance may hold: what a wait-out waits for.",
                     [](const ChannelStatus& s) { return seconds(s.writer.longest_lease); });
    return prometheus_text(rows, text);
}

}  // namespace tutti
