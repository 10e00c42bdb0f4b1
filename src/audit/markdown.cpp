#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/describe.hpp"
#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"

namespace tutti {
namespace {

// Names come from other processes: nothing in them may end the cell or become markup.
std::string escape(std::string_view text) {
    std::string escaped;
    for (const char c : audit::printable(text)) {
        if (std::string_view("\\|`*_<>[]").contains(c)) escaped += '\\';
        escaped += c;
    }
    return escaped;
}

std::string describe_risk(Risk risk) {
    const std::string text(to_string(risk));
    return risk == Risk::minor ? text : "**" + text + "**";
}

std::string location(const InventoryRow& row) {
    const std::string place = audit::describe_place(row.declaration);
    return row.service.empty() ? place : escape(row.service) + ": " + place;
}

void append_row(std::string& out, const InventoryRow& row, const Grade& verdict) {
    const Declaration& declaration = row.declaration;
    for (const std::string& cell : {
             escape(declaration.name),
             location(row),
             audit::describe_ttl(declaration),
             audit::describe_bound(declaration),
             escape(declaration.caches),
             std::string(describe(declaration.pattern)),
             describe_invalidation(declaration),
             describe_risk(verdict.risk),
             "`" + std::string(verdict.rule) + "`",
         }) {
        out.append("| ").append(cell) += ' ';
    }
    out += "|\n";
}

}  // namespace

std::string to_markdown(std::span<const InventoryRow> rows) {
    std::string out =
        "| Cache | Location | TTL | Bound | What it caches | Pattern | Invalidation | Scaling risk "
        "| "
        "Rule |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n";
    const std::vector<Grade> verdicts = grades(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) append_row(out, rows[i], verdicts[i]);
    return out;
}

}  // namespace tutti
