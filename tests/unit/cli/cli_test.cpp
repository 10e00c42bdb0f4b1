#include "cli/cli.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "tutti/clock.hpp"
#include "tutti/doctor.hpp"
#include "tutti/error.hpp"
#include "tutti/inventory.hpp"
#include "tutti/pattern.hpp"
#include "unit/audit/declarations.hpp"

namespace tutti::cli {
namespace {

using namespace audit_test;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

struct Ended {
    int code = 0;
    std::string out;
    std::string err;
};

// Processes by URL; whatever is not among them refuses the connection.
class Fleet {
public:
    Inventory catalogue{row(channel_activation()), row(autocomplete())};
    std::map<std::string, Result<std::string>> answers;
    mutable DoctorOptions asked;   // what the last diagnosis was asked for
    mutable std::string examined;  // and of which server
    std::string redis_url;
    Result<Diagnosis> diagnosis = fail(Errc::unavailable, "redis doctor", "nobody there");

    [[nodiscard]] Ended run(const std::vector<std::string>& arguments) const {
        const World world{
            .catalogue = [this] { return catalogue; },
            .document =
                [](std::span<const InventoryRow> rows) {
                    return "a document of " + std::to_string(rows.size()) + '\n';
                },
            .fetch = [this](const std::string& url, Duration) -> Result<std::string> {
                const auto found = answers.find(url);
                if (found != answers.end()) return found->second;
                return fail(Errc::unavailable, "http GET", "connection refused");
            },
            .redis_url = redis_url,
            .diagnose =
                [this](const std::string& url, const DoctorOptions& options) {
                    examined = url;
                    asked = options;
                    return diagnosis;
                },
        };
        std::ostringstream out;
        std::ostringstream err;
        const int code = cli::run(arguments, out, err, world);
        return {.code = code, .out = out.str(), .err = err.str()};
    }
};

std::string answer_of(Declaration declaration, std::string node, CacheCounters counters = {}) {
    return to_json(Inventory{row(std::move(declaration), std::move(node), counters)});
}

TEST(Cli, HelpAndVersionSucceed) {
    const Fleet fleet;

    EXPECT_THAT(fleet.run({"--version"}).out, StartsWith("tutti "));
    EXPECT_EQ(fleet.run({"--version"}).code, 0);
    EXPECT_EQ(fleet.run({"--help"}).code, 0);
    EXPECT_THAT(fleet.run({"--help"}).out, AllOf(HasSubstr("audit"), HasSubstr("advise")));
    EXPECT_THAT(fleet.run({"audit", "--help"}).out,
                AllOf(HasSubstr("--check"), HasSubstr("Exit code")));
    EXPECT_EQ(fleet.run({"audit", "--help"}).code, 0);
}

TEST(Cli, WhatItDoesNotKnowIsAnErrorThatNamesIt) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases{
        {{}, "a command is missing"},
        {{"frobnicate"}, "frobnicate"},
        {{"--frob"}, "--frob"},
        {{"audit", "--frob"}, "--frob"},
        {{"audit", "--format", "pdf"}, "pdf"},
        {{"audit", "--format"}, "--format"},
        {{"audit", "--timeout", "0"}, "--timeout"},
        {{"audit", "--timeout", "soon"}, "--timeout"},
        {{"advise", "--stale", "maybe"}, "maybe"},
        {{"advise", "extra"}, "extra"},
        // Help is for what there is.
        {{"nonsense", "--help"}, "nonsense"},
        {{"--help", "nonsense"}, "nonsense"},
        {{"nonsense", "--version"}, "nonsense"},
        {{"--version", "--frob"}, "--frob"},
        {{"advise", "extra", "--help"}, "extra"},
        {{"advise", "--frob", "--help"}, "--frob"},
        {{"doctor", "--frob", "--help"}, "--frob"},
        // What a variable leaves behind that is not set.
        {{""}, "an argument is empty"},
        {{"", "--help"}, "an argument is empty"},
        {{"audit", ""}, "an argument is empty"},
        {{"audit", "--check", ""}, "an argument is empty"},
        {{"audit", "one:1", ""}, "an argument is empty"},
        {{"audit", "--format", ""}, "an argument is empty"},
        {{"audit", "--timeout="}, "an argument is empty"},
        {{"doctor", ""}, "an argument is empty"},
        {{"doctor", "redis://h", "--keys", ""}, "an argument is empty"},
        {{"doctor", "redis://h", "--keys="}, "an argument is empty"},
        {{"advise", "--stale="}, "an argument is empty"},
        // Values that are none.
        {{"audit", "--timeout", "-1"}, "--timeout"},
        {{"audit", "--timeout", "61m"}, "--timeout"},
        {{"audit", "--timeout", "5"}, "such as 500ms, 2s or 5m, from 1ms to 1h, not '5'"},
        {{"audit", "--check=maybe"}, "--check"},
        {{"audit", "--format", "text", "--format", "json"}, "--format"},
        {{"advise", "--stale", "wrong", "--stale", "acceptable"}, "--stale"},
        {{"advise", "--stale"}, "--stale"},
        {{"doctor", "redis://h", "--app", "a", "--app", "b"}, "--app"},
        {{"doctor", "redis://h", "--channels"}, "--channels"},
        {{"help"}, "help"},
        {{"top"}, "PROCESS"},
        {{"top", "one:1", "--rounds", "0"}, "--rounds"},
        {{"top", "one:1", "--every", "soon"}, "--every"},
        {{"top", "one:1", "--every", "99ms"}, "--every: must be a time such as"},
        {{"top", "one:1", "--rows", "1001"}, "--rows"},
        // Of a channel.
        {{"invalidate"}, "URL"},
        {{"invalidate", "redis://h"}, "CHANNEL"},
        {{"invalidate", "redis://h", "c"}, "name at least one KEY, or say --tag or --all"},
        {{"invalidate", "redis://h", "c", "k", "--tag", "t"}, "--tag stands alone"},
        {{"invalidate", "redis://h", "c", "k", "--all"}, "not both"},
        {{"invalidate", "redis://h", "c", "k", "--event", "user"}, "--event: must be TYPE:MEMBER"},
        {{"invalidate", "redis://h", "c", "k", "--event", ":id"}, "--event"},
        {{"invalidate", "-", "c", "k"}, "REDIS_URL is not set"},
        {{"invalidate", "redis://h", "c{", "k", "--app", "a"}, "channel: must have 1 to 512 bytes"},
        {{"invalidate", "redis://h", "c", "k", "--app", "a/b"}, "app: must have 1 to 128 bytes"},
        {{"invalidate", "http://h", "c", "k", "--app", "a"}, "redis://"},
        {{"invalidate", "redis://h", "c", ""}, "an argument is empty"},
        {{"replay", "redis://h"}, "CHANNEL"},
        {{"replay", "redis://h", "c", "--since", "0"}, "--since"},
        {{"replay", "redis://h", "c", "--max", "-1"}, "--max"},
        {{"replay", "redis://h", "c", "d"}, "d"},
        {{"explain", "redis://h", "nothing"}, "KEY"},
        {{"explain", "redis://h", "nothing", "k"}, "no cache 'nothing'"},
    };

    for (const auto& [arguments, named] : cases) {
        const Ended ended = Fleet().run(arguments);
        EXPECT_EQ(ended.code, 2) << named;
        EXPECT_THAT(ended.err, AllOf(StartsWith("tutti"), HasSubstr(named))) << named;
        EXPECT_THAT(ended.out, IsEmpty()) << named;
    }
}

TEST(Audit, WithoutUrlsPrintsTheCatalogueInEveryFormat) {
    const Fleet fleet;

    const Ended text = fleet.run({"audit"});
    EXPECT_EQ(text.code, 0);
    EXPECT_EQ(text.out, to_text(merge(std::array{fleet.catalogue})));
    EXPECT_THAT(text.err, HasSubstr("no URL was given, so this is what the bot platform declares"));
    EXPECT_EQ(fleet.run({"audit", "--format", "markdown"}).out,
              to_markdown(merge(std::array{fleet.catalogue})));
    EXPECT_EQ(fleet.run({"audit", "--format", "document"}).out, "a document of 2\n");
    const auto parsed = parse_inventory(fleet.run({"audit", "--format=json"}).out);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->size(), 2);
}

TEST(Audit, RunningProcessesAreMergedHoweverTheirUrlIsWritten) {
    Fleet fleet;
    fleet.answers["http://one:3001/audit"] = answer_of(autocomplete(), "bot-client-1", {.hits = 1});
    fleet.answers["http://two:3001/audit"] = answer_of(autocomplete(), "bot-client-2", {.hits = 2});
    fleet.answers["https://three/audit"] = answer_of(autocomplete(), "bot-client-3", {.hits = 4});

    const Ended ended = fleet.run({"audit", "http://one:3001", "two:3001/", "https://three/audit"});

    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("on 3 nodes: bot-client-1, bot-client-2, bot-client-3"));
    EXPECT_THAT(ended.out, HasSubstr("hits 7 "));
}

TEST(Audit, AProcessThatIsNamedTwiceCountsOnce) {
    Fleet fleet;
    fleet.answers["http://one:3001/audit"] = answer_of(autocomplete(), "bot-client-1", {.hits = 1});

    EXPECT_THAT(fleet.run({"audit", "one:3001", "http://one:3001/audit"}).out,
                HasSubstr("hits 1 "));
}

TEST(Audit, EveryUrlThatFailsIsNamedAndTheOthersArePrinted) {
    Fleet fleet;
    fleet.answers["http://good:1/audit"] = answer_of(autocomplete(), "bot-client-1");
    fleet.answers["http://web:1/audit"] = std::string("<html>");
    fleet.answers["http://old:1/audit"] = fail(Errc::protocol, "GET", "answered 404, not 200");

    const Ended ended = fleet.run({"audit", "web:1", "down:1", "good:1", "old:1"});

    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.out, HasSubstr("autocomplete"));
    EXPECT_THAT(ended.err,
                HasSubstr("no inventory from http://down:1/audit: http GET: unavailable: "
                          "connection refused\n"));
    EXPECT_THAT(ended.err, HasSubstr("no inventory from http://web:1/audit: read inventory: "));
    EXPECT_THAT(ended.err, HasSubstr("no inventory from http://old:1/audit: GET: protocol error: "
                                     "answered 404, not 200\n"));
    EXPECT_THAT(ended.err, Not(HasSubstr("good")));
}

TEST(Audit, UrlWithoutAHostIsAskedAsItIs) {
    Fleet fleet;
    fleet.answers["http:///audit"] = fail(Errc::invalid_option, "read url", "the URL has no host");

    const Ended ended = fleet.run({"audit", "http://"});

    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("no inventory from http:///audit: read url: "));
    EXPECT_THAT(ended.err, HasSubstr("the URL has no host"));
}

TEST(Audit, WhenNobodyAnswersNoTableIsPrinted) {
    const Ended ended = Fleet().run({"audit", "down:1"});

    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.out, IsEmpty());
}

TEST(Audit, CredentialsInAUrlAreNotShown) {
    const Ended ended = Fleet().run({"audit", "http://user:hunter2@down:1"});

    EXPECT_THAT(ended.err, AllOf(HasSubstr("http://down:1/audit"), Not(HasSubstr("hunter2"))));
}

TEST(Audit, CheckFailsOnACriticalCacheAndSaysWhatToDo) {
    Fleet fleet;
    fleet.answers["http://one:1/audit"] = answer_of(channel_activation(), "bot-client-1");
    fleet.answers["http://two:1/audit"] = answer_of(local_channel_activation(), "bot-client-2");

    EXPECT_EQ(fleet.run({"audit", "one:1", "--check"}).code, 0);
    EXPECT_EQ(fleet.run({"audit", "one:1", "two:1"}).code, 0);
    const Ended ended = fleet.run({"audit", "one:1", "two:1", "--check"});

    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, HasSubstr("CRITICAL"));
    EXPECT_THAT(ended.err, StartsWith("tutti audit: CRITICAL: channel-activation of bot-client on "
                                      "bot-client-2\n  rule:   stale-is-wrong-without-bus: "));
    EXPECT_THAT(ended.err, HasSubstr("\n  remedy: declare it with Node::coherent"));
}

TEST(Audit, ACriticalCacheOfAHostileProcessSaysNothingToTheTerminal) {
    Fleet fleet;
    fleet.answers["http://one:1/audit"] = answer_of(local_channel_activation(), "\x1b]0;owned\x07");

    const Ended ended = fleet.run({"audit", "one:1", "--check"});

    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err, HasSubstr("of bot-client on ?]0;owned?\n"));
}

TEST(Audit, CheckFailsOnAFleetThatIsSplit) {
    Fleet fleet;
    InventoryRow one = row(personality(), "bot-client-1");
    one.backend = {.server = "redis 0123456789", .database = 0, .app = "shop"};
    InventoryRow two = row(personality(), "bot-client-2");
    two.backend = {.server = "redis 0123456789", .database = 1, .app = "shop"};
    fleet.answers["http://one:1/audit"] = to_json(Inventory{one});
    fleet.answers["http://two:1/audit"] = to_json(Inventory{two});

    EXPECT_EQ(fleet.run({"audit", "one:1", "--check"}).code, 0);
    const Ended ended = fleet.run({"audit", "one:1", "two:1", "--check"});

    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.err,
                AllOf(HasSubstr("CRITICAL: personality of bot-client on bot-client-1, which uses "
                                "redis 01234567, database 0, app shop\n"),
                      HasSubstr("on bot-client-2, which uses redis 01234567, database 1, app shop\n"
                                "  rule:   split-fleet: "),
                      HasSubstr("\n  remedy: give all of them the same Redis")));
}

TEST(Audit, ACheckThatFoundNothingToCheckIsNoSuccess) {
    Fleet fleet;
    fleet.answers["http://one:1/audit"] = to_json(Inventory{});

    EXPECT_EQ(fleet.run({"audit", "one:1"}).code, 0);
    const Ended ended = fleet.run({"audit", "one:1", "--check"});

    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("nothing was checked"));
}

TEST(Audit, AMinorRiskPassesTheCheck) {
    Fleet fleet;
    fleet.catalogue = {row(autocomplete())};

    EXPECT_EQ(fleet.run({"audit", "--check"}).code, 0);
}

TEST(Audit, AnIncompleteCheckIsNotAVerdict) {
    Fleet fleet;
    fleet.answers["http://two:1/audit"] = answer_of(local_channel_activation(), "bot-client-2");

    const Ended ended = fleet.run({"audit", "two:1", "down:1", "--check"});

    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("CRITICAL"), HasSubstr("http://down:1/audit")));
}

TEST(Advise, WithoutFlagsDrawsTheWholeTree) {
    const Ended ended = Fleet().run({"advise"});

    EXPECT_EQ(ended.code, 0);
    std::size_t place = 0;
    for (const Pattern pattern : {Pattern::reservation, Pattern::coherent, Pattern::shared,
                                  Pattern::near, Pattern::cooldown, Pattern::local}) {
        const std::string branch = "-> " + std::string(to_string(pattern)) + " ";
        place = ended.out.find(branch, place);
        ASSERT_NE(place, std::string::npos) << branch;
    }
}

TEST(Advise, AgreesWithTheLibraryForEveryNeed) {
    for (unsigned bits = 0; bits < 32; ++bits) {
        const Need need{.stale = (bits & 1U) != 0 ? Stale::wrong : Stale::acceptable,
                        .expensive_source = (bits & 2U) != 0,
                        .read_heavy = (bits & 4U) != 0,
                        .rate_limit = (bits & 8U) != 0,
                        .once_in_fleet = (bits & 16U) != 0};
        std::vector<std::string> arguments{"advise", "--stale", std::string(to_string(need.stale))};
        if (need.expensive_source) arguments.emplace_back("--expensive-source");
        if (need.read_heavy) arguments.emplace_back("--read-heavy");
        if (need.rate_limit) arguments.emplace_back("--rate-limit");
        if (need.once_in_fleet) arguments.emplace_back("--once-in-fleet");

        const Ended ended = Fleet().run(arguments);

        const Pattern expected = choose(need);
        EXPECT_EQ(ended.code, 0);
        EXPECT_THAT(ended.out, StartsWith("Pattern: " + std::string(to_string(expected)) + "\n"));
        // The question that decided is the one whose branch leads to the pattern.
        const std::map<Pattern, std::string> deciding{
            {Pattern::reservation, "1. Must it happen once in the whole fleet? Yes"},
            {Pattern::coherent, "2. Does an old answer cause incorrect behaviour? Yes"},
            {Pattern::shared, "3. Is it expensive data of somebody else? Yes"},
            {Pattern::near, "4. Is it in the store already and read all the time? Yes"},
            {Pattern::cooldown, "5. Is it rate limiting, where each instance is right? Yes"},
            {Pattern::local, "What is left may differ"}};
        EXPECT_THAT(ended.out, HasSubstr(deciding.at(expected)));
    }
}

TEST(Advise, ShowsHowToDeclareAndWhatTheAuditWillSay) {
    const Ended coherent = Fleet().run({"advise", "--stale", "wrong"});
    EXPECT_THAT(coherent.out, AllOf(HasSubstr("node->coherent<"), HasSubstr(".channel = "),
                                    HasSubstr("None (kept-coherent")));

    const Ended local = Fleet().run({"advise", "--stale", "acceptable"});
    EXPECT_THAT(local.out,
                AllOf(HasSubstr("node->local<"), HasSubstr("Minor (stale-per-instance")));
}

TEST(Advise, AsksForStaleUnlessItDoesNotMatter) {
    const Ended asked = Fleet().run({"advise", "--read-heavy"});
    EXPECT_EQ(asked.code, 2);
    EXPECT_THAT(asked.err, HasSubstr("--stale is missing"));
    EXPECT_THAT(asked.out, IsEmpty());

    EXPECT_THAT(Fleet().run({"advise", "--once-in-fleet"}).out,
                StartsWith("Pattern: reservation\n"));
}

Finding finding(Verdict verdict) {
    return {.subject = "maxmemory-policy",
            .found = "allkeys-lru",
            .verdict = verdict,
            .means = "it may evict",
            .advice = "set noeviction"};
}

TEST(CliDoctor, TheExitCodeIsOneForAProblemOnly) {
    Fleet fleet;
    for (const auto& [verdict, code] :
         {std::pair{Verdict::ok, 0}, std::pair{Verdict::unknown, 0}, std::pair{Verdict::warning, 0},
          std::pair{Verdict::problem, 1}}) {
        fleet.diagnosis = Diagnosis{.server = "redis://h",
                                    .acl_rule = "ACL SETUSER <user> +get",
                                    .findings = {finding(Verdict::ok), finding(verdict)}};
        EXPECT_EQ(fleet.run({"doctor", "redis://h"}).code, code);
        EXPECT_EQ(fleet.run({"doctor", "redis://h", "--json"}).code, code);
    }
}

TEST(CliDoctor, PrintsTheRuleAndEachFinding) {
    Fleet fleet;
    fleet.diagnosis = Diagnosis{.server = "redis://h:6379",
                                .acl_rule = "ACL SETUSER <user> +get",
                                .findings = {finding(Verdict::warning)}};

    EXPECT_EQ(fleet.run({"doctor", "redis://h"}).out,
              "redis://h:6379\n\n"
              "What the user of a node must be allowed:\n\n"
              "  ACL SETUSER <user> +get\n\n"
              "  warning  maxmemory-policy  allkeys-lru\n"
              "           it may evict\n"
              "           -> set noeviction\n");
    EXPECT_EQ(fleet.run({"doctor", "redis://h", "--json"}).out,
              R"({"server":"redis://h:6379","aclRule":"ACL SETUSER <user> +get","worst":"warning",)"
              R"("findings":[{"subject":"maxmemory-policy","found":"allkeys-lru",)"
              R"("verdict":"warning","means":"it may evict","advice":"set noeviction"}]})"
              "\n");
}

TEST(CliDoctor, OptionsReachTheDiagnosis) {
    const Fleet fleet;

    (void)fleet.run({"doctor", "--keys", "a:", "redis://h", "--keys", "b:", "--timeout", "9s",
                     "--channels", "news", "--channels", "cache:x", "--app", "shop"});

    EXPECT_EQ(fleet.examined, "redis://h");
    EXPECT_EQ(fleet.asked.channels, (std::vector<std::string>{"news", "cache:x"}));
    EXPECT_EQ(fleet.asked.app, "shop");
    EXPECT_EQ(fleet.asked.key_prefixes, (std::vector<std::string>{"a:", "b:"}));
    EXPECT_EQ(fleet.asked.timeout, std::chrono::seconds{9});
}

TEST(CliDoctor, WithoutAUrlItTakesTheOneOfTheServices) {
    Fleet fleet;
    fleet.redis_url = "redis://from-the-environment";

    (void)fleet.run({"doctor"});
    EXPECT_EQ(fleet.examined, "redis://from-the-environment");
    (void)fleet.run({"doctor", "redis://h"});
    EXPECT_EQ(fleet.examined, "redis://h");

    fleet.redis_url.clear();
    const Ended ended = fleet.run({"doctor"});
    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("name one URL"), HasSubstr("REDIS_URL")));
}

TEST(CliDoctor, AMistakeIsNamedAsItWasTyped) {
    Fleet fleet;
    fleet.diagnosis = fail(Errc::invalid_option, "redis doctor",
                           "2 problems:\n  key_prefixes: 'a*' must\n  channels: 'b c' must");

    const Ended ended = fleet.run({"doctor", "redis://h", "--keys", "a*", "--channels", "b c"});

    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("  --keys: 'a*'"), HasSubstr("  --channels: 'b c'"),
                                 Not(HasSubstr("key_prefixes"))));
}

TEST(CliDoctor, AServerThatCannotBeAskedIsExitCodeTwo) {
    const Fleet fleet;

    const Ended ended = fleet.run({"doctor", "redis://h"});

    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, HasSubstr("nobody there"));
}

TEST(CliDoctor, NoMistakeShowsThePassword) {
    const Fleet fleet;
    const std::string url = "redis://bot:s3cret@h";

    for (const std::vector<std::string>& mistake :
         std::vector<std::vector<std::string>>{{url},
                                               {"doctor"},
                                               {"doctor", url, url},
                                               {"doctor", "x", url},
                                               {"doctor", url, "--timeout", url},
                                               {"doctor", url, "--unknown=" + url},
                                               {"audit", "--format", url},
                                               {"advise", url},
                                               {url, "--help"},
                                               {"redis://bot:s3cret/s3cret@h"}}) {
        const Ended ended = fleet.run(mistake);
        EXPECT_EQ(ended.code, 2);
        EXPECT_THAT(ended.out + ended.err, Not(HasSubstr("s3cret")));
    }
}

}  // namespace
}  // namespace tutti::cli
