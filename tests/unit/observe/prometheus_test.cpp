#include "observe/prometheus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "tutti/inventory.hpp"

namespace tutti {
namespace {

using testing::HasSubstr;

// A reader of format 0.0.4 that was written from its description and refuses everything else.
class Exposition {
public:
    // Series, such as `name{label="value"}` with the value unescaped, to value as text.
    std::map<std::string, std::string> samples;
    std::map<std::string, std::string> types;
    std::string problem;  // empty: the text is valid

    explicit Exposition(const std::string& text) {
        if (!text.empty() && !text.ends_with('\n')) problem = "the last line does not end";
        std::istringstream stream(text);
        for (std::string line; problem.empty() && std::getline(stream, line);) read_line(line);
    }

private:
    void read_line(std::string_view line) {
        if (line.starts_with("# HELP ")) return begin_family(line.substr(7));
        if (line.starts_with("# TYPE ")) return read_type(line.substr(7));
        if (line.starts_with('#') || line.empty()) return refuse("unexpected line", line);
        read_sample(line);
    }

    void begin_family(std::string_view rest) {
        family_ = take_name(rest);
        if (!seen_.insert(family_).second) refuse("two families of one name", family_);
        if (family_.empty() || !rest.starts_with(' ')) return refuse("HELP without text", rest);
        for (std::size_t i = 0; i < rest.size(); ++i) {
            if (rest[i] != '\\') continue;
            ++i;
            if (i == rest.size() || !std::string_view("\\n").contains(rest[i]))
                refuse("escape", rest);
        }
    }

    void read_type(std::string_view rest) {
        const std::string name = take_name(rest);
        if (name != family_ || types.contains(name))
            refuse("TYPE must follow its HELP, once", name);
        if (rest != " counter" && rest != " gauge") refuse("unknown type", rest);
        types[name] = rest.substr(1);
        if (rest == " counter" && !name.ends_with("_total")) refuse("counter without _total", name);
    }

    void read_sample(std::string_view line) {
        std::string series = take_name(line);
        if (series != family_ || !types.contains(series))
            return refuse("sample outside its family", line);
        if (line.starts_with('{') && !take_labels(line, series)) return refuse("labels", line);
        if (!line.starts_with(' ')) return refuse("no value", line);
        const std::string value(line.substr(1));
        std::size_t used = 0;
        try {
            std::ignore = std::stod(value, &used);
        } catch (const std::exception&) {
            used = 0;
        }
        if (used == 0 || used != value.size()) return refuse("not a number", value);
        if (!samples.emplace(series, value).second) refuse("a series twice", series);
    }

    bool take_labels(std::string_view& line, std::string& series) {
        std::set<std::string> names;
        char separator = '{';
        while (line.starts_with(separator)) {
            line.remove_prefix(1);
            const std::string name = take_name(line);
            const auto value = take_quoted(line);
            if (name.empty() || !value || !names.insert(name).second) return false;
            series.append(1, separator).append(name).append("=\"").append(*value).append("\"");
            separator = ',';
        }
        if (!line.starts_with('}')) return false;
        line.remove_prefix(1);
        series += '}';
        return true;
    }

    static std::optional<std::string> take_quoted(std::string_view& line) {
        if (!line.starts_with("=\"")) return std::nullopt;
        std::string value;
        for (std::size_t i = 2; i < line.size(); ++i) {
            if (line[i] == '"') {
                line.remove_prefix(i + 1);
                return value;
            }
            if (line[i] != '\\') {
                value += line[i];
                continue;
            }
            ++i;
            if (i == line.size() || !std::string_view("\\\"n").contains(line[i]))
                return std::nullopt;
            value += line[i] == 'n' ? '\n' : line[i];
        }
        return std::nullopt;
    }

    static std::string take_name(std::string_view& rest) {
        std::size_t end = 0;
        const auto letter = [&](char c) {
            return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' ||
                   (end > 0 && std::isdigit(static_cast<unsigned char>(c)) != 0);
        };
        while (end < rest.size() && letter(rest[end])) ++end;
        std::string name(rest.substr(0, end));
        rest.remove_prefix(end);
        return name;
    }

    void refuse(std::string_view why, std::string_view what) {
        if (problem.empty()) problem = std::string(why) + ": " + std::string(what);
    }

    std::string family_;
    std::set<std::string> seen_;
};

InventoryRow row(std::string name, CacheCounters counters) {
    InventoryRow result;
    result.declaration.name = std::move(name);
    result.counters = counters;
    return result;
}

constexpr CacheCounters every_one_different{.hits = 1,
                                            .misses = 2,
                                            .loads = 3,
                                            .load_failures = 4,
                                            .joined = 5,
                                            .poisoned = 6,
                                            .invalidations = 7,
                                            .flushes = 8,
                                            .suspect_reads = 9,
                                            .store_hits = 12,
                                            .store_failures = 13,
                                            .unreadable = 14,
                                            .refused = 15,
                                            .stale_served = 16,
                                            .refreshes = 17,
                                            .refresh_failures = 18,
                                            .evictions = 10,
                                            .entries = 11};

TEST(Prometheus, EveryCounterOfEveryCacheIsASeries) {
    const Exposition found(prometheus_text(std::vector{
        row("channel-activation", every_one_different), row("autocomplete", {.hits = 100})}));

    ASSERT_EQ(found.problem, "");
    const std::map<std::string, std::string> expected{
        {"tutti_cache_hits_total", "1"},
        {"tutti_cache_misses_total", "2"},
        {"tutti_cache_loads_total", "3"},
        {"tutti_cache_load_failures_total", "4"},
        {"tutti_cache_joined_total", "5"},
        {"tutti_cache_poisoned_total", "6"},
        {"tutti_cache_invalidations_total", "7"},
        {"tutti_cache_flushes_total", "8"},
        {"tutti_cache_suspect_reads_total", "9"},
        {"tutti_cache_evictions_total", "10"},
        {"tutti_cache_entries", "11"},
        {"tutti_cache_store_hits_total", "12"},
        {"tutti_cache_store_failures_total", "13"},
        {"tutti_cache_unreadable_total", "14"},
        {"tutti_cache_refused_total", "15"},
        {"tutti_cache_stale_served_total", "16"},
        {"tutti_cache_refreshes_total", "17"},
        {"tutti_cache_refresh_failures_total", "18"},
    };
    for (const auto& [name, value] : expected) {
        const auto sample = found.samples.find(name + "{cache=\"channel-activation\"}");
        ASSERT_NE(sample, found.samples.end()) << name;
        EXPECT_EQ(sample->second, value) << name;
        EXPECT_EQ(found.types.at(name), name == "tutti_cache_entries" ? "gauge" : "counter");
    }
    EXPECT_EQ(found.samples.at("tutti_cache_hits_total{cache=\"autocomplete\"}"), "100");
    EXPECT_EQ(found.samples.size(), 2 * expected.size());
}

TEST(Prometheus, LargeCountsAreExact) {
    const std::uint64_t large = std::numeric_limits<std::uint64_t>::max();

    const Exposition found(prometheus_text(std::vector{row("a", {.hits = large})}));

    EXPECT_EQ(found.samples.at("tutti_cache_hits_total{cache=\"a\"}"), "18446744073709551615");
}

TEST(Prometheus, RowsOfOneNameAreOneSeries) {
    const Exposition found(
        prometheus_text(std::vector{row("a", {.hits = 1}), row("b", {}), row("a", {.hits = 2})}));

    ASSERT_EQ(found.problem, "");
    EXPECT_EQ(found.samples.at("tutti_cache_hits_total{cache=\"a\"}"), "3");
}

TEST(Prometheus, AProcessWithoutCachesHasOnlyItsOwnMetrics) {
    MetricText extra;
    extra.metric("up", MetricText::Type::gauge, "Alive.").sample({}, 1);

    EXPECT_EQ(prometheus_text({}), "");
    EXPECT_EQ(prometheus_text({}, extra), "# HELP up Alive.\n# TYPE up gauge\nup 1\n");
}

TEST(Prometheus, MetricsOfChannelsFollowThoseOfCaches) {
    MetricText channels;
    channels.metric("tutti_channel_lease_effective", MetricText::Type::gauge, "1: may serve.")
        .sample({{"channel", "cache:invalidation"}}, true)
        .sample({{"channel", "cache:channel-activation-invalidation"}}, false);
    channels
        .metric("tutti_channel_freshness_age_seconds", MetricText::Type::gauge,
                "Since proven fresh.")
        .sample({{"channel", "cache:invalidation"}}, 0.25);

    const std::string text = prometheus_text(std::vector{row("a", {})}, channels);

    const Exposition found(text);
    ASSERT_EQ(found.problem, "");
    EXPECT_EQ(found.samples.at("tutti_channel_lease_effective{channel=\"cache:invalidation\"}"),
              "1");
    EXPECT_EQ(
        found.samples.at("tutti_channel_freshness_age_seconds{channel=\"cache:invalidation\"}"),
        "0.25");
    EXPECT_LT(text.find("tutti_cache_entries"), text.find("tutti_channel_lease_effective"));
}

TEST(Prometheus, ValuesThatAreNotNumbersAreSpelledAsTheFormatAsks) {
    MetricText text;
    text.metric("m", MetricText::Type::gauge, "h");
    text.sample({{"v", "nan"}}, std::numeric_limits<double>::quiet_NaN());
    text.sample({{"v", "inf"}}, std::numeric_limits<double>::infinity());
    text.sample({{"v", "-inf"}}, -std::numeric_limits<double>::infinity());
    text.sample({{"v", "negative"}}, -3);

    EXPECT_THAT(text.text(), HasSubstr("m{v=\"nan\"} NaN\nm{v=\"inf\"} +Inf\nm{v=\"-inf\"} -Inf\n"
                                       "m{v=\"negative\"} -3\n"));
    EXPECT_EQ(Exposition(text.text()).problem, "");
}

TEST(Prometheus, HelpAndLabelsAreEscaped) {
    MetricText text;
    text.metric("m", MetricText::Type::gauge, "a \\ b\nc \"d\"");
    text.sample({{"a", "\\ \" \n"}, {"b", ""}}, 1);

    EXPECT_EQ(text.text(),
              "# HELP m a \\\\ b\\nc \"d\"\n# TYPE m gauge\n"
              "m{a=\"\\\\ \\\" \\n\",b=\"\"} 1\n");
    EXPECT_EQ(Exposition(text.text()).problem, "");
}

RC_GTEST_PROP(Prometheus, AnyNameOfACacheSurvivesTheWay, (const std::string& name)) {
    const Exposition found(prometheus_text(std::vector{row(name, {.hits = 5})}));

    RC_ASSERT(found.problem == "");
    RC_ASSERT(found.samples.at("tutti_cache_hits_total{cache=\"" + name + "\"}") == "5");
}

TEST(PrometheusReader, RefusesWhatIsNotTheFormat) {
    const std::string family = "# HELP m h\n# TYPE m gauge\n";

    EXPECT_EQ(Exposition(family + "m 1\n").problem, "");
    for (const std::string& wrong : {
             family + "m 1",                           // no end of line
             family + "m x\n",                         // not a number
             family + "n 1\n",                         // another family
             family + "m{a=\"1\"} 1\nm{a=\"1\"} 2\n",  // a series twice
             family + "m{a=\"\\x\"} 1\n",              // unknown escape
             family + "m{a=\"1} 1\n",                  // open quote
             family + "m{a=\"1\",a=\"2\"} 1\n",        // a label twice
             family + family + "m 1\n",                // a family twice
             std::string("m 1\n"),                     // no type
             std::string("# HELP m h\n# TYPE m counter\nm 1\n"),
         }) {
        EXPECT_NE(Exposition(wrong).problem, "") << wrong;
    }
}

}  // namespace
}  // namespace tutti
