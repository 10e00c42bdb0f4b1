// The inventory for a terminal: one aligned line a cache with what one compares, and below it what
// one reads. Widths are counted in code points.
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/describe.hpp"
#include "base/cache_counters.hpp"
#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"

namespace tutti {
namespace {

constexpr std::size_t page_width = 110;
constexpr std::size_t cell_width_max = 32;
constexpr std::size_t detail_indent = 12;  // below the name: margin, "CRITICAL", gap

constexpr std::size_t column_count = 7;
using Cells = std::array<std::string, column_count>;
using Widths = std::array<std::size_t, column_count>;

std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

// The bytes of the first `count` code points.
std::size_t prefix_bytes(std::string_view text, std::size_t count) {
    std::size_t bytes = 0;
    for (; bytes < text.size(); ++bytes) {
        const bool starts = (static_cast<unsigned char>(text[bytes]) & 0xC0U) != 0x80;
        if (starts && count-- == 0) break;
    }
    return bytes;
}

std::string abbreviate(std::string text) {
    if (width(text) <= cell_width_max) return text;
    return text.substr(0, prefix_bytes(text, cell_width_max - 3)) + "...";
}

// Appends `text` as lines that start at `indent`, broken at spaces where that is possible.
void append_wrapped(std::string& out, std::size_t indent, std::string_view text) {
    const std::size_t room = page_width - indent;
    while (!text.empty()) {
        std::size_t end = prefix_bytes(text, room);
        if (end < text.size()) {
            const std::size_t space = text.rfind(' ', end);
            if (space != std::string_view::npos && space != 0) end = space;
        }
        out.append(indent, ' ').append(text.substr(0, end)) += '\n';
        text.remove_prefix(end);
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    }
}

void append_line(std::string& out, const Cells& cells, const Widths& widths) {
    std::string line;
    for (std::size_t i = 0; i < column_count; ++i) {
        line.append(2, ' ').append(cells[i]).append(widths[i] - width(cells[i]), ' ');
    }
    out.append(line, 0, line.find_last_not_of(' ') + 1) += '\n';
}

const Cells titles{"RISK", "CACHE", "PATTERN", "LOCATION", "TTL", "BOUND", "INVALIDATION"};

Cells cells_of(const InventoryRow& row, const Grade& verdict) {
    const Declaration& declaration = row.declaration;
    return {std::string(to_string(verdict.risk)),
            abbreviate(audit::printable(declaration.name)),
            std::string(to_string(declaration.pattern)),
            audit::describe_place(declaration),
            audit::describe_ttl(declaration),
            audit::describe_bound(declaration),
            describe_invalidation(declaration)};
}

Widths widths_of(std::span<const Cells> table) {
    Widths widths{};
    for (const Cells& cells : table) {
        for (std::size_t i = 0; i < column_count; ++i) {
            widths[i] = std::max(widths[i], width(cells[i]));
        }
    }
    widths[0] = std::max(widths[0], detail_indent - 4);
    return widths;
}

std::string describe_counters(const CacheCounters& counters) {
    const std::uint64_t reads = counters.hits + counters.misses;
    std::string text = "hits " + std::to_string(counters.hits);
    if (reads > 0) {
        const double share = static_cast<double>(counters.hits) / static_cast<double>(reads);
        text += " (" + std::to_string(static_cast<int>(share * 100)) + " %)";
    }
    for (const CounterName& counter : counter_names) {
        const std::uint64_t count = counters.*counter.count;
        const bool always =
            counter.count == &CacheCounters::misses || counter.count == &CacheCounters::entries;
        if (counter.count == &CacheCounters::hits || (count == 0 && !always)) continue;
        text.append(", ").append(counter.words).append(" ").append(std::to_string(count));
    }
    const auto append_mean = [&](std::string_view what, const auto& times) {
        const auto count = static_cast<std::int64_t>(times.count());
        if (count > 0) text.append(what).append(in_milliseconds(times.total / count));
    };
    append_mean(", mean load ", counters.load_times);
    append_mean(", mean wait ", counters.wait_times);
    return text;
}

void append_details(std::string& out, const InventoryRow& row, const Grade& verdict) {
    const Declaration& declaration = row.declaration;
    const auto line = [&](std::string_view text) {
        append_wrapped(out, detail_indent, audit::printable(text));
    };
    line(declaration.caches);
    line(std::string(verdict.rule).append(": ").append(verdict.reason));
    if (verdict.risk == Risk::critical) line(std::string("remedy: ").append(verdict.remedy));
    if (!declaration.channel.empty()) {
        line("channel " + declaration.channel +
             (declaration.foreign_publishers ? ", other programs publish on it too" : "") +
             (declaration.publishes_only ? ", publishes only" : ""));
    }
    if (!declaration.raw_prefix.empty()) line("keys " + declaration.raw_prefix + "*");
    if (row.backend.known()) line("on " + describe(row.backend));
    if (const auto promise = describe_promise(row.backend); !promise.empty()) line(promise);
    if (!row.node.empty()) line(describe_counters(row.counters));
    if (const auto checks = audit::describe_checks(row); !checks.empty()) line(checks);
    if (!declaration.note.empty()) line("note: " + declaration.note);
}

std::string describe_nodes(const std::string& nodes) {
    if (nodes.empty()) return "as declared";
    const std::size_t count = audit::split_nodes(nodes).size();
    if (count <= 1) return "on " + nodes;
    return "on " + std::to_string(count) + " nodes: " + nodes;
}

std::string summary(std::span<const Grade> verdicts) {
    std::array<std::size_t, 3> counts{};
    for (const Grade& verdict : verdicts) ++counts[static_cast<std::size_t>(verdict.risk)];
    std::string text =
        std::to_string(verdicts.size()) + (verdicts.size() == 1 ? " cache:" : " caches:");
    for (const Risk risk : {Risk::critical, Risk::minor, Risk::none}) {
        text.append(risk == Risk::critical ? " " : ", ");
        text.append(std::to_string(counts[static_cast<std::size_t>(risk)])).append(" ");
        text += to_string(risk);
    }
    return text + "\n";
}

}  // namespace

std::string to_text(std::span<const InventoryRow> rows) {
    if (rows.empty()) return "no cache is declared\n";
    std::vector<Cells> table{titles};
    const std::vector<Grade> verdicts = grades(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) table.push_back(cells_of(rows[i], verdicts[i]));
    const Widths widths = widths_of(table);

    std::string out;
    const InventoryRow* above = nullptr;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const InventoryRow& row = rows[i];
        if (!above || above->service != row.service || above->node != row.node) {
            const std::string heading = row.service + ", " + describe_nodes(row.node);
            append_wrapped(out, 0, audit::printable(heading));
            append_line(out, titles, widths);
        }
        append_line(out, table[i + 1], widths);
        append_details(out, row, verdicts[i]);
        out += '\n';
        above = &row;
    }
    return out + summary(verdicts);
}

}  // namespace tutti
