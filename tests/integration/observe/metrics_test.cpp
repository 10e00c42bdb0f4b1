// What Prometheus scrapes of each process: valid, and as docs/metrics.md says.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "integration/observe/observed_services.hpp"

namespace tests {
namespace {

// A metric as its row in the page says it: "| `name` | type | labels | processes | meaning |".
struct Metric {
    std::string type;
    std::set<std::string> labels;
    std::set<std::string> processes;
    std::string help;
};
using Metrics = std::map<std::string, Metric>;

std::string joined(const std::set<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text.append(text.empty() ? "" : ", ").append(word);
    return text;
}

std::string row_of(const std::string& name, const Metric& metric) {
    return "| `" + name + "` | " + metric.type + " | " + joined(metric.labels) + " | " +
           joined(metric.processes) + " | " + metric.help + " |";
}

std::set<std::string> rows_of(const Metrics& metrics) {
    std::set<std::string> rows;
    for (const auto& [name, metric] : metrics) rows.insert(row_of(name, metric));
    return rows;
}

std::string take_word(std::string_view& line) {
    const std::size_t end = std::min(line.find_first_of(" {"), line.size());
    std::string word(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

// The values of labels here hold neither commas nor quotes.
void add_labels(Metric& metric, std::string_view sample) {
    const std::size_t end = sample.find('}');
    if (end == std::string_view::npos) return;
    std::istringstream labels{std::string(sample.substr(0, end))};
    for (std::string label; std::getline(labels, label, ',');) {
        const std::string name = label.substr(0, label.find('='));
        if (name != "le") metric.labels.insert(name);
    }
}

void read_metrics(Metrics& metrics, const std::string& process, const std::string& text) {
    std::istringstream lines(text);
    std::string name;
    for (std::string line; std::getline(lines, line);) {
        std::string_view rest = line;
        const bool is_help = rest.starts_with("# HELP ");
        if (is_help || rest.starts_with("# TYPE ")) {
            rest.remove_prefix(7);
            name = take_word(rest);
            Metric& metric = metrics[name];
            metric.processes.insert(process);
            (is_help ? metric.help : metric.type) = rest;
        } else {
            take_word(rest);
            if (line.contains('{')) add_labels(metrics[name], rest);
        }
    }
}

// Of Ed25519, with a private key of zeros.
constexpr const char* public_key =
    "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";

class ProcessMetrics : public ObservedServices {
protected:
    void SetUp() override {
        // Of all that a bot can do.
        start_all({{"SHARD_ID", ""},
                   {"SHARD_COUNT", "1"},
                   {"SHARD_LEASE_SECONDS", "3"},
                   {"DISCORD_PUBLIC_KEY", public_key}});
        texts_ = {{"bot", metrics_of(bot_port)},
                  {"gateway", metrics_of(gateway_port)},
                  {"worker", metrics_of(worker_port)}};
    }
    std::string metrics_of(std::uint16_t port) {
        // Redis is asked how many there are of each.
        std::string text;
        EXPECT_TRUE(eventually([&] {
            text = send(port, "GET", "/metrics").body;
            return text.contains("\ntutti_instances ");
        })) << text;
        return text;
    }

    std::map<std::string, std::string> texts_;
};

TEST_F(ProcessMetrics, AreValidToPromtool) {
    for (const auto& [process, text] : texts_) {
        const std::string file = folder.file(process + ".prom");
        std::ofstream(file) << text;
        Program promtool("/bin/sh", {"-c", "exec promtool check metrics < " + file}, {});

        const int code = promtool.wait();

        ASSERT_NE(code, 127) << "promtool is missing: run tools/install test (Debian: prometheus)";
        EXPECT_EQ(code, 0) << process << ": " << promtool.out() << promtool.err();
        EXPECT_EQ(promtool.out() + promtool.err(), "") << process;
    }
}

// Alerts, dashboards and people name them: what changes here changes for them.
TEST_F(ProcessMetrics, AreThoseOfThePage) {
    Metrics metrics;
    for (const auto& [process, text] : texts_) read_metrics(metrics, process, text);
    std::set<std::string> page;
    std::ifstream file(METRICS_PAGE);
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with("| `tutti_")) page.insert(line);
    }

    const std::set<std::string> rows = rows_of(metrics);

    for (const std::string& row : rows) {
        EXPECT_TRUE(page.contains(row)) << "docs/metrics.md lacks\n" << row;
    }
    for (const std::string& row : page) {
        EXPECT_TRUE(rows.contains(row)) << "no process prints what docs/metrics.md says:\n" << row;
    }
    EXPECT_GT(rows.size(), 40U);
}

}  // namespace
}  // namespace tests
