#include "observe/prometheus.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cctype>
#include <chrono>
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

#include "base/cache_counters.hpp"
#include "tutti/inventory.hpp"
#include "tutti/policy.hpp"

namespace tutti {
namespace {

using ::testing::HasSubstr;

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
        if (rest != " counter" && rest != " gauge" && rest != " histogram")
            refuse("unknown type", rest);
        types[name] = rest.substr(1);
        if (rest == " counter" && !name.ends_with("_total")) refuse("counter without _total", name);
    }

    void read_sample(std::string_view line) {
        std::string series = take_name(line);
        if (!in_family(series)) return refuse("sample outside its family", line);
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

    [[nodiscard]] bool in_family(std::string_view series) const {
        const auto type = types.find(family_);
        if (type == types.end() || !series.starts_with(family_)) return false;
        const std::string_view suffix = series.substr(family_.size());
        if (type->second != "histogram") return suffix.empty();
        return suffix == "_bucket" || suffix == "_sum" || suffix == "_count";
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

// Each another number, so that two that are mixed up are seen.
CacheCounters every_one_different() {
    CacheCounters counters;
    std::uint64_t last = 0;
    for (const CounterName& name : counter_names) counters.*name.count = ++last;
    return counters;
}

TEST(Prometheus, EveryCounterOfEveryCacheIsASeries) {
    const CacheCounters counters = every_one_different();

    const Exposition found(prometheus_text(
        std::vector{row("channel-activation", counters), row("autocomplete", {.hits = 100})}));

    ASSERT_EQ(found.problem, "");
    for (const CounterName& counter : counter_names) {
        const std::string name =
            "tutti_cache_" + std::string(counter.name) + (counter.is_gauge() ? "" : "_total");
        EXPECT_EQ(found.types.at(name), counter.is_gauge() ? "gauge" : "counter");
        if (counter.kind == CounterName::Kind::gauge_of_bytes) continue;
        const auto sample = found.samples.find(name + "{cache=\"channel-activation\"}");
        ASSERT_NE(sample, found.samples.end()) << name;
        EXPECT_EQ(sample->second, std::to_string(counters.*counter.count)) << name;
    }
    EXPECT_EQ(found.samples.at("tutti_cache_hits_total{cache=\"autocomplete\"}"), "100");
}

TEST(Prometheus, OnlyCachesWithABoundInBytesSayHowManyTheyHold) {
    InventoryRow weighed = row("weighed", {.bytes = 1234});
    weighed.declaration.bound = bytes(9999);
    InventoryRow counted = row("counted", {});
    counted.declaration.bound = entries(10);

    const Exposition found(prometheus_text(std::vector{weighed, counted}));

    EXPECT_EQ(found.samples.at("tutti_cache_bytes{cache=\"weighed\"}"), "1234");
    EXPECT_FALSE(found.samples.contains("tutti_cache_bytes{cache=\"counted\"}"));
}

TEST(Prometheus, LoadTimesAreAHistogramWhoseBucketsAddUp) {
    CacheCounters counters;
    counters.load_times.counts[0] = 2;
    counters.load_times.counts[2] = 3;
    counters.load_times.counts.back() = 1;
    counters.load_times.total = std::chrono::milliseconds(61250);

    const Exposition found(prometheus_text(std::vector{row("a", counters)}));

    ASSERT_EQ(found.problem, "");
    EXPECT_EQ(found.types.at("tutti_cache_load_seconds"), "histogram");
    const auto bucket = [&](const std::string& limit) {
        return found.samples.at("tutti_cache_load_seconds_bucket{cache=\"a\",le=\"" + limit +
                                "\"}");
    };
    EXPECT_EQ(bucket("0.001"), "2");
    EXPECT_EQ(bucket("0.0025"), "2");
    EXPECT_EQ(bucket("0.005"), "5");
    EXPECT_EQ(bucket("60"), "5");
    EXPECT_EQ(bucket("+Inf"), "6");
    EXPECT_EQ(found.samples.at("tutti_cache_load_seconds_sum{cache=\"a\"}"), "61.25");
    EXPECT_EQ(found.samples.at("tutti_cache_load_seconds_count{cache=\"a\"}"), "6");
}

TEST(Prometheus, WaitsAreAHistogramThatTellsAStoreFromASource) {
    CacheCounters counters;
    counters.wait_times.counts[1] = 4;
    counters.wait_times.total = std::chrono::microseconds(800);

    const Exposition found(prometheus_text(std::vector{row("a", counters)}));

    ASSERT_EQ(found.problem, "");
    EXPECT_EQ(found.types.at("tutti_cache_wait_seconds"), "histogram");
    EXPECT_EQ(found.samples.at("tutti_cache_wait_seconds_bucket{cache=\"a\",le=\"0.0001\"}"), "0");
    EXPECT_EQ(found.samples.at("tutti_cache_wait_seconds_bucket{cache=\"a\",le=\"0.00025\"}"), "4");
    EXPECT_EQ(found.samples.at("tutti_cache_wait_seconds_sum{cache=\"a\"}"), "0.0008");
}

TEST(Prometheus, OnlyCachesWhoseHitsAreMeasuredSayHowLongTheyTook) {
    CacheCounters measured;
    measured.hit_times.emplace().counts[0] = 9;

    const Exposition found(prometheus_text(std::vector{row("a", measured), row("b", {})}));
    const Exposition none(prometheus_text(std::vector{row("b", {})}));

    ASSERT_EQ(found.problem, "");
    EXPECT_EQ(found.samples.at("tutti_cache_hit_seconds_count{cache=\"a\"}"), "9");
    EXPECT_FALSE(found.samples.contains("tutti_cache_hit_seconds_count{cache=\"b\"}"));
    EXPECT_FALSE(none.types.contains("tutti_cache_hit_seconds"));
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
