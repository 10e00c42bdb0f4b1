#include "common/caches/audit_document.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>
#include <vector>

#include "common/caches/invalidation_services.hpp"
#include "common/process/settings.hpp"
#include "tutti/pattern.hpp"

namespace tutti::services::caches {
namespace {

using Keep = std::function<bool(const InventoryRow&)>;

bool has_pattern(const InventoryRow& row, Pattern pattern) {
    return row.declaration.pattern == pattern && !row.declaration.publishes_only;
}

Inventory rows_that(std::span<const InventoryRow> rows, const Keep& keep) {
    Inventory kept;
    std::ranges::copy_if(rows, std::back_inserter(kept), keep);
    return kept;
}

std::string row_of(std::initializer_list<std::string_view> cells) {
    std::string line = "|";
    for (const std::string_view cell : cells) line.append(" ").append(cell).append(" |");
    return line + '\n';
}

std::string names_of(std::span<const InventoryRow> rows) {
    std::string names;
    for (const InventoryRow& row : rows) {
        std::string name(row.service + ": " + row.declaration.name);
        names.append(names.empty() ? "" : ", ").append(name);
    }
    return names.empty() ? "none" : names;
}

// As the audit groups them: by where values are, then by the service that has them.
std::string inventory(std::span<const InventoryRow> rows) {
    struct Group {
        std::string_view title;
        Keep keep;
    };
    const std::array groups{
        Group{"In memory, invalidated over Redis pub/sub",
              [](const InventoryRow& row) { return has_pattern(row, Pattern::coherent); }},
        Group{"In memory only",
              [](const InventoryRow& row) {
                  return has_pattern(row, Pattern::local) || has_pattern(row, Pattern::cooldown);
              }},
        Group{"In memory over Redis",
              [](const InventoryRow& row) {
                  return has_pattern(row, Pattern::near) ||
                         (has_pattern(row, Pattern::shared) && row.declaration.memory_ttl);
              }},
        Group{"Redis only",
              [](const InventoryRow& row) {
                  return has_pattern(row, Pattern::reservation) ||
                         (has_pattern(row, Pattern::shared) && !row.declaration.memory_ttl);
              }},
    };
    std::vector<std::string> services;
    for (const InventoryRow& row : rows) services.push_back(row.service);
    std::ranges::sort(services);
    services.erase(std::unique(services.begin(), services.end()), services.end());

    std::string text = "## Inventory\n";
    for (const Group& group : groups) {
        for (const std::string& service : services) {
            const auto of_service = rows_that(rows, [&](const InventoryRow& row) {
                return row.service == service && group.keep(row);
            });
            if (of_service.empty()) continue;
            text.append("\n### ").append(group.title).append(" (").append(service).append(")\n\n");
            text += to_markdown(of_service);
        }
    }
    return text;
}

std::string channels(std::span<const InventoryRow> rows) {
    std::string text = "\n### Invalidation services\n\n" +
                       row_of({"Channel", "Event", "What changed", "Published by", "Invalidates"}) +
                       row_of({"---", "---", "---", "---", "---"});
    for (const InvalidationEvents& events : {personality_events, channel_activation_events,
                                             api_key_events, llm_config_events, persona_events}) {
        const auto listens = rows_that(rows, [&](const InventoryRow& row) {
            return row.declaration.channel == events.channel && !row.declaration.publishes_only;
        });
        const std::string by = events.channel == channel_activation_events.channel
                                   ? "bot-client, api-gateway"
                                   : "api-gateway";
        text += row_of({"`" + std::string(events.channel) + "`",
                        "`{\"type\":\"" + std::string(events.type) + "\",\"" +
                            std::string(events.key) + "\":\"...\"}`",
                        events.what, by, names_of(listens)});
    }
    return text +
           "\nAll of them also take `{\"type\":\"all\"}`. A process has one subscription "
           "connection for all its channels.\n";
}

std::string strategies(std::span<const InventoryRow> rows) {
    struct Strategy {
        Pattern pattern;
        std::string_view when;
    };
    std::string text = "\n## Invalidation strategies\n\n" +
                       row_of({"Pattern", "Invalidation", "When", "Caches"}) +
                       row_of({"---", "---", "---", "---"});
    for (const auto& [pattern, when] :
         {Strategy{Pattern::coherent, "after the change, on every instance; TTL as a backstop"},
          Strategy{Pattern::shared, "TTL expiry, or overwritten by a refresh"},
          Strategy{Pattern::near, "TTL expiry"}, Strategy{Pattern::local, "TTL expiry"},
          Strategy{Pattern::cooldown, "periodic cleanup, once a period"},
          Strategy{Pattern::reservation, "the window ends, or it is given back"}}) {
        const auto used =
            rows_that(rows, [&](const InventoryRow& row) { return has_pattern(row, pattern); });
        text += row_of(
            {"`" + std::string(to_string(pattern)) + "`", describe(pattern), when, names_of(used)});
    }
    return text;
}

std::string pools() {
    const process::Settings defaults;
    std::string text =
        "\n## HTTP pools\n\nOne bounded pool for each upstream: a stalled one holds "
        "up nobody else. The wait for a connection counts into the deadline.\n\n" +
        row_of({"Upstream", "Process", "Connections", "Queue", "Deadline"}) +
        row_of({"---", "---", "---", "---", "---"});
    const auto pool = [&](std::string_view upstream, std::string_view process,
                          const process::HttpPool& bounds) {
        text += row_of({upstream, process, std::to_string(bounds.concurrent_max),
                        std::to_string(bounds.queued_max),
                        std::to_string(bounds.deadline.count()) + " ms"});
    };
    pool("gateway, interactive: activations and lists to choose from", "bot-client",
         defaults.gateway_interactive);
    pool("gateway, background: everything else", "bot-client", defaults.gateway_background);
    pool("OpenRouter", "api-gateway", defaults.openrouter);
    pool("models: replies", "ai-worker", defaults.llm);
    pool("models: pictures", "ai-worker", defaults.vision);
    pool("models: recordings", "ai-worker", defaults.transcription);
    pool("attachments", "ai-worker", defaults.attachments);
    return text;
}

std::string decision_tree() {
    struct Question {
        std::string_view text;
        Need yes;
    };
    const std::array questions{
        Question{"Must it happen once in the whole fleet?", {.once_in_fleet = true}},
        Question{"Does an old answer cause incorrect behaviour?", {.stale = Stale::wrong}},
        Question{"Is it expensive data of somebody else?",
                 {.stale = Stale::acceptable, .expensive_source = true}},
        Question{"Is it in Redis already, and read all the time?",
                 {.stale = Stale::acceptable, .read_heavy = true}},
        Question{"Is it rate limiting, where each instance is right?",
                 {.stale = Stale::acceptable, .rate_limit = true}},
        Question{"Otherwise", {.stale = Stale::acceptable}},
    };
    std::string text = "\n## Decision tree\n\n";
    int number = 0;
    for (const Question& question : questions) {
        const Pattern pattern = choose(question.yes);
        text.append(std::to_string(++number)).append(". ").append(question.text);
        text.append(" -> `").append(to_string(pattern)).append("`: ");
        text.append(describe(pattern)) += '\n';
    }
    return text;
}

std::string several_instances(std::span<const InventoryRow> rows) {
    const std::vector<Grade> verdicts = grades(rows);
    const auto critical = [&](const InventoryRow& row) {
        return verdicts[static_cast<std::size_t>(&row - rows.data())].risk == Risk::critical;
    };
    const auto told = [](const InventoryRow& row, Stale stale) {
        return has_pattern(row, Pattern::coherent) && row.declaration.need.stale == stale;
    };
    std::string text = "\n## Several instances\n\n";
    const auto line = [&](std::string_view urgency, std::string_view what, const Keep& keep) {
        text.append("- **").append(urgency).append("**, ").append(what).append(": ");
        text.append(names_of(rows_that(rows, keep))) += '\n';
    };
    line("Must do", "an instance would be wrong, and nothing tells it", critical);
    line("Must do, done", "kept coherent because an old answer is wrong",
         [&](const InventoryRow& row) { return told(row, Stale::wrong); });
    line("Should do, done", "kept coherent although an old answer harms nobody",
         [&](const InventoryRow& row) { return told(row, Stale::acceptable); });
    line("Can skip", "each instance on its own is right, or differs for a moment",
         [&](const InventoryRow& row) {
             return !critical(row) &&
                    (has_pattern(row, Pattern::cooldown) || has_pattern(row, Pattern::local));
         });
    line("Nothing to do", "all instances share it in Redis",
         [](const InventoryRow& row) { return uses_store(row.declaration.pattern); });
    return text;
}

}  // namespace

std::string audit_document(std::span<const InventoryRow> rows) {
    return "# Caching audit\n\nWritten by `tutti audit --format document` from what the services "
           "declare; do not edit.\nDifferences to the deployment that was audited: "
           "[compatibility.md](compatibility.md).\n\n" +
           inventory(rows) + channels(rows) + strategies(rows) + pools() + decision_tree() +
           several_instances(rows);
}

}  // namespace tutti::services::caches
