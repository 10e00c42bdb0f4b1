// `tutti audit`: the inventory of the catalogue, or of running processes, and its verdict.
#include <cstddef>
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
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"

namespace tutti::cli {
namespace {

std::string render(std::span<const InventoryRow> rows, Format format, const World& world) {
    switch (format) {
    case Format::text: return to_text(rows);
    case Format::markdown: return to_markdown(rows);
    case Format::json: return to_json(rows) + "\n";
    case Format::document: return world.document(rows);
    }
    return {};
}

void report_critical(const InventoryRow& row, const Grade& verdict, std::ostream& err) {
    if (verdict.risk != Risk::critical) return;
    err << "tutti audit: CRITICAL: " << printable(row.declaration.name) << " of "
        << printable(row.service);
    if (!row.node.empty()) err << " on " << printable(row.node);
    if (row.backend.known()) err << ", which uses " << describe(row.backend);
    err << "\n  rule:   " << verdict.rule << ": " << verdict.reason
        << "\n  remedy: " << verdict.remedy << '\n';
}

// What `--check` adds. An exit code that says that all is well has looked at something.
int check(std::span<const InventoryRow> rows, std::ostream& err) {
    if (rows.empty()) {
        err << "tutti audit: nothing was checked: no process that answered declares a cache; is it "
               "the right URL, and was the node started with its caches?\n";
        return exit_failed;
    }
    const std::vector<Grade> verdicts = grades(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) report_critical(rows[i], verdicts[i], err);
    return worst(rows) == Risk::critical ? exit_refused : exit_success;
}

}  // namespace

int audit(const AuditOptions& options, std::ostream& out, std::ostream& err, const World& world) {
    std::vector<Inventory> inventories;
    bool complete = true;
    if (options.urls.empty()) {
        inventories.push_back(world.catalogue());
        err << "tutti audit: no URL was given, so this is what the bot platform declares that "
               "demonstrates Tutti; for your own processes: tutti audit http://HOST:PORT ...\n";
    }
    for (AskedProcess& answer : ask_all(options.urls, options.timeout, world)) {
        if (answer.inventory) {
            inventories.push_back(*std::move(answer.inventory));
        } else {
            complete = false;
            err << "tutti audit: no inventory from " << without_credentials(answer.url) << ": "
                << answer.inventory.error().message() << '\n';
        }
    }

    const Inventory merged = merge(inventories);
    if (!inventories.empty()) out << render(merged, options.format, world);
    const int checked = options.check && !inventories.empty() ? check(merged, err) : exit_success;
    return complete ? checked : exit_failed;
}

}  // namespace tutti::cli
