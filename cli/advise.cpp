// `tutti advise`: the decision tree of the audit, as a picture or walked for one need. The
// questions stand in the order in which `choose` asks them; a test holds the two together.
#include <array>
#include <chrono>
#include <cstddef>
#include <optional>
#include <ostream>
#include <string_view>

#include "cli/cli.hpp"
#include "cli/commands.hpp"
#include "cli/text.hpp"
#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"
#include "tutti/policy.hpp"

namespace tutti::cli {
namespace {

struct Question {
    std::string_view text;
    std::string_view flag;
    bool (*yes)(const Need&);
    Pattern pattern;  // when the answer is yes
    std::string_view example;
};

constexpr std::array questions{
    Question{"Must it happen once in the whole fleet?", "--once-in-fleet",
             [](const Need& need) { return need.once_in_fleet; }, Pattern::reservation,
             "request deduplication"},
    Question{"Does an old answer cause incorrect behaviour?", "--stale wrong",
             [](const Need& need) { return need.stale == Stale::wrong; }, Pattern::coherent,
             "channel activations"},
    Question{"Is it expensive data of somebody else?", "--expensive-source",
             [](const Need& need) { return need.expensive_source; }, Pattern::shared,
             "the model list of a provider"},
    Question{"Is it in the store already and read all the time?", "--read-heavy",
             [](const Need& need) { return need.read_heavy; }, Pattern::near, "model capabilities"},
    Question{"Is it rate limiting, where each instance is right?", "--rate-limit",
             [](const Need& need) { return need.rate_limit; }, Pattern::cooldown,
             "notification cooldown"},
};
constexpr std::string_view otherwise_example = "autocomplete lists";

std::string_view how_to_declare(Pattern pattern) {
    switch (pattern) {
    case Pattern::coherent:
        return R"(    auto activations = node->coherent<std::string, Activation>({
        .name = "channel-activation",
        .caches = "channel activation status",
        .stale = tutti::Stale::wrong,
        .ttl = 30s,
        .bound = tutti::entries(1000),
        .load = load_activation,
        .channel = "cache:channel-activation-invalidation",
    });
    auto sent = activations.invalidate(channel_id);  // after the change is committed
)";
    case Pattern::local:
        return R"(    auto choices = node->local<std::string, Choices>({
        .name = "autocomplete",
        .caches = "personalities and personas of a user",
        .stale = tutti::Stale::acceptable,
        .ttl = 60s,
        .bound = tutti::entries(500),
        .load = load_choices,
    });
)";
    case Pattern::cooldown:
        return R"(    auto notified = node->cooldown<std::string>({
        .name = "notification",
        .caches = "when a user was last notified",
        .period = 1h,
        .bound = tutti::entries(10'000),
    });
    if (notified.try_claim(user_id)) notify(user_id);
)";
    case Pattern::shared:
        return R"(    auto descriptions = node->shared<std::string, Description>({
        .name = "image-description",
        .caches = "descriptions of images",
        .stale = tutti::Stale::acceptable,
        .expensive_source = true,
        .load = describe_image,
        .store =
            tutti::StoreTier<Description>{.ttl = 1h, .codec = tutti::json_codec<Description>()},
    });
)";
    case Pattern::near:
        return R"(    auto can_see = node->near<std::string, bool, Catalogue>({
        .name = "model-capability",
        .caches = "which models can see",
        .stale = tutti::Stale::acceptable,
        .ttl = 5min,
        .bound = tutti::entries(500),
        .document = [](const std::string&) { return "openrouter:models"; },
        .codec = tutti::json_codec<Catalogue>(),
        .project = has_vision,
    });
)";
    case Pattern::reservation:
        return R"(    auto requests = node->reservation<std::string>({
        .name = "request-dedup",
        .caches = "requests that were taken",
        .window = 5s,
        .when_store_fails = tutti::WhenStoreFails::refuse,
    });
    auto attempt = requests.reserve(request_hash, job_id);  // before the action
    if (attempt && attempt->granted()) enqueue(job_id);
)";
    }
    return {};
}

void print_branch(std::ostream& out, std::string_view answer, Pattern pattern,
                  std::string_view example) {
    out << "     " << answer << " -> " << left_aligned(to_string(pattern), 12) << describe(pattern)
        << ": " << example << '\n';
}

void print_tree(std::ostream& out) {
    out << "Which pattern does a cache need? The first yes decides.\n\n";
    std::size_t number = 0;
    for (const auto& [text, flag, yes, pattern, example] : questions) {
        out << "  " << ++number << ". " << left_aligned(text, 54) << flag << '\n';
        print_branch(out, "|- yes", pattern, example);
        if (number < questions.size()) out << "     no\n";
    }
    print_branch(out, "`- no ", Pattern::local, otherwise_example);
    out << "\nAnswer with flags, for example: tutti advise --stale acceptable --rate-limit\n";
}

// A declaration as the advice would have it, to see what the audit makes of it.
Declaration example_of(Pattern pattern, const Need& need) {
    const bool in_memory = pattern != Pattern::shared && uses_memory(pattern);
    const bool in_store = pattern == Pattern::shared || pattern == Pattern::reservation;
    return {.name = "example",
            .caches = "example",
            .pattern = pattern,
            .need = need,
            .memory_ttl = in_memory ? std::optional<Ttl>(std::chrono::seconds{30}) : std::nullopt,
            .store_ttl = in_store ? std::optional<Ttl>(std::chrono::hours{1}) : std::nullopt,
            .bound = in_memory ? std::optional(entries(1000)) : std::nullopt,
            .channel = uses_bus(pattern) ? "cache:example" : ""};
}

void print_advice(std::ostream& out, const Need& need) {
    const Pattern pattern = choose(need);
    out << "Pattern: " << to_string(pattern) << "\n         " << describe(pattern) << "\n\nWhy:\n";
    std::size_t number = 0;
    bool decided = false;
    for (const Question& question : questions) {
        decided = question.yes(need);
        out << "  " << ++number << ". " << question.text
            << (decided ? " Yes: that decides.\n" : " No.\n");
        if (decided) break;
    }
    if (!decided) out << "  What is left may differ between instances for a while.\n";
    const Grade verdict = grade(example_of(pattern, need));
    out << "\nThe audit will say: " << to_string(verdict.risk) << " (" << verdict.rule << ": "
        << verdict.reason << ")\n\nHow to declare it:\n\n"
        << how_to_declare(pattern);
}

}  // namespace

int advise(const AdviseOptions& options, std::ostream& out, std::ostream& err) {
    Need need = options.need;
    if (!options.stale && need == Need{}) {
        print_tree(out);
        return exit_success;
    }
    // A reservation is decided before the question is asked.
    if (!options.stale && !need.once_in_fleet) {
        err << "tutti advise: --stale is missing: say wrong or acceptable; may a reader get an "
               "answer "
               "that is no longer true?\n";
        return exit_failed;
    }
    need.stale = options.stale.value_or(Stale::wrong);
    print_advice(out, need);
    return exit_success;
}

}  // namespace tutti::cli
