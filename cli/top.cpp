// `tutti top`: what the caches of a running fleet do, by the second. Rates are differences of the
// counters that `GET /audit` tells; of a process that has started anew they begin at its start.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <map>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "cli/commands.hpp"
#include "cli/processes.hpp"
#include "cli/text.hpp"
#include "tutti/clock.hpp"
#include "tutti/inventory.hpp"

namespace tutti::cli {
namespace {

// The counters of one cache in one process.
using Before = std::map<std::string, CacheCounters>;

struct Line {
    std::string cache;  // "bot-client personalities"
    std::uint64_t instances = 0;
    CacheCounters since{};  // the last look
    std::uint64_t entries = 0;
};

std::string process_of(const InventoryRow& row) {
    return row.service + ' ' + row.declaration.name + ' ' + row.node;
}

std::uint64_t grown(std::uint64_t now, std::uint64_t before) {
    return now >= before ? now - before : now;
}

CacheCounters difference(const CacheCounters& now, const CacheCounters& before) {
    CacheCounters since;
    since.hits = grown(now.hits, before.hits);
    since.misses = grown(now.misses, before.misses);
    since.loads = grown(now.loads, before.loads);
    since.load_failures = grown(now.load_failures, before.load_failures);
    since.invalidations = grown(now.invalidations, before.invalidations);
    since.flushes = grown(now.flushes, before.flushes);
    since.suspect_reads = grown(now.suspect_reads, before.suspect_reads);
    return since;
}

std::uint64_t reads_of(const Line& line) { return line.since.hits + line.since.misses; }

// The busiest first. `before` becomes what it is now.
std::vector<Line> lines_of(const std::vector<Inventory>& inventories, Before& before) {
    std::map<std::string, Line> lines;
    Before now;
    for (const Inventory& inventory : inventories) {
        for (const InventoryRow& row : inventory) {
            const std::string process = process_of(row);
            const std::string cache = row.service + ' ' + row.declaration.name;
            Line& line = lines[cache];
            line.cache = cache;
            ++line.instances;
            line.entries += row.counters.entries;
            // What was before the first look is not known.
            const auto known = before.find(process);
            line.since +=
                difference(row.counters, known == before.end() ? row.counters : known->second);
            now[process] = row.counters;
        }
    }
    before = std::move(now);
    std::vector<Line> sorted;
    sorted.reserve(lines.size());
    for (auto& [name, line] : lines) sorted.push_back(std::move(line));
    std::ranges::sort(sorted, [](const Line& one, const Line& other) {
        return std::pair(reads_of(other), one.cache) < std::pair(reads_of(one), other.cache);
    });
    return sorted;
}

// One digit behind the point below a hundred.
std::string rate(std::uint64_t count, double seconds) {
    const double value = static_cast<double>(count) / seconds;
    std::array<char, 32> text{};
    const int digits = value < 100 ? 1 : 0;
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value,
                                   std::chars_format::fixed, digits)
                         .ptr;
    return {text.data(), end};
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    return whole == 0 ? "-" : std::to_string(part * 100 / whole) + '%';
}

constexpr std::size_t cache_width = 44;
constexpr std::array<std::string_view, 9> headings{
    "inst", "reads/s", "hits", "loads/s", "fail/s", "inval/s", "flush", "suspect", "entries"};
constexpr std::size_t width = 9;

void print(std::ostream& out, const std::vector<Line>& lines, std::size_t rows_max,
           double seconds) {
    out << "cache" << std::string(cache_width - 5, ' ');
    for (const auto heading : headings) out << right_aligned(heading, width);
    out << '\n';
    for (const Line& line : std::span(lines).first(std::min(lines.size(), rows_max))) {
        std::string shown = printable(line.cache).substr(0, cache_width - 1);
        shown.resize(cache_width, ' ');
        out << shown << right_aligned(std::to_string(line.instances), width)
            << right_aligned(rate(reads_of(line), seconds), width)
            << right_aligned(percent(line.since.hits, reads_of(line)), width)
            << right_aligned(rate(line.since.loads, seconds), width)
            << right_aligned(rate(line.since.load_failures, seconds), width)
            << right_aligned(rate(line.since.invalidations, seconds), width)
            << right_aligned(std::to_string(line.since.flushes), width)
            << right_aligned(std::to_string(line.since.suspect_reads), width)
            << right_aligned(std::to_string(line.entries), width) << '\n';
    }
    if (lines.size() > rows_max) out << "and " << lines.size() - rows_max << " more (--rows)\n";
}

}  // namespace

int top(const TopCommand& command, std::ostream& out, const World& world) {
    Before before;
    bool complete = true;
    TimePoint looked = world.clock->now();
    // The first look only begins the counts.
    for (std::uint64_t round = 0; command.rounds == 0 || round <= command.rounds; ++round) {
        if (round > 0) world.wait(command.every);
        std::vector<Inventory> inventories;
        std::vector<std::string> silent;
        for (AskedProcess& answer : ask_all(command.urls, command.timeout, world)) {
            if (answer.inventory) {
                inventories.push_back(*std::move(answer.inventory));
            } else {
                silent.push_back(without_credentials(answer.url) + ": " +
                                 answer.inventory.error().message());
            }
        }
        const TimePoint now = world.clock->now();
        const double seconds = std::chrono::duration<double>(now - looked).count();
        looked = now;
        const auto lines = lines_of(inventories, before);
        complete = silent.empty();
        if (round == 0) continue;
        if (command.clears) out << "\x1b[H\x1b[2J";
        out << inventories.size() << " processes answer";
        if (!silent.empty()) out << ", " << silent.size() << " do not";
        out << '\n';
        for (const auto& each : silent) out << "  " << in_quotes(each) << '\n';
        print(out, lines, command.rows_max, std::max(seconds, 0.001));
        if (!out.flush()) return exit_failed;
    }
    return complete ? exit_success : exit_failed;
}

}  // namespace tutti::cli
