// `tutti audit`: the inventory of the catalogue, or of running processes, and its verdict.
#include <algorithm>
#include <cstddef>
#include <future>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "cli/commands.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"

namespace tutti::cli {
namespace {

// "127.0.0.1:3001" and "http://127.0.0.1:3001/" mean http://127.0.0.1:3001/audit.
std::string audit_url(std::string_view text) {
    constexpr std::string_view mark = "://";
    std::string url(text.contains(mark) ? "" : "http://");
    url += text;
    const std::size_t host = url.find(mark) + mark.size();
    while (url.size() > host && url.ends_with('/')) url.pop_back();
    return url.ends_with("/audit") ? url : url + "/audit";
}

struct Answer {
    std::string url;
    Result<Inventory> inventory;
};

Result<Inventory> ask(const std::string& url, const AuditOptions& options, const World& world) {
    const auto body = world.fetch(url, options.timeout);
    if (!body) return fail(body.error());
    return parse_inventory(*body);
}

// One thread each: a process that does not answer delays none of the others.
std::vector<Answer> ask_all(const AuditOptions& options, const World& world) {
    std::vector<std::string> urls;
    for (const std::string& text : options.urls) {
        std::string url = audit_url(text);
        if (std::ranges::find(urls, url) == urls.end()) urls.push_back(std::move(url));
    }
    std::vector<std::future<Result<Inventory>>> pending;
    pending.reserve(urls.size());
    for (const std::string& url : urls) {
        pending.push_back(std::async(std::launch::async, [&] { return ask(url, options, world); }));
    }
    std::vector<Answer> answers;
    for (std::size_t i = 0; i < urls.size(); ++i) {
        auto inventory = pending[i].get();  // its thread reads the URL until then
        answers.push_back({.url = std::move(urls[i]), .inventory = std::move(inventory)});
    }
    return answers;
}

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
    err << "tutti audit: CRITICAL: " << row.declaration.name << " of " << row.service;
    if (!row.node.empty()) err << " on " << row.node;
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
    if (options.urls.empty()) inventories.push_back(world.catalogue());
    for (Answer& answer : ask_all(options, world)) {
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
