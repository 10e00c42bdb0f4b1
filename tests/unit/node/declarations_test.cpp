// What `start` refuses: each option that is wrong, each that means nothing where it stands, and
// what two declarations are wrong about together. Every problem stands on a line of its own that
// begins with the cache and the option.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/option_names.hpp"
#include "tutti/node.hpp"
#include "tutti/store.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

using Options = CacheOptions<std::string, std::string>;

// A message with another name does not compile.
static_assert(option_names::contains("store.ttl"));
static_assert(option_names::contains("note_bytes_max"));
static_assert(!option_names::contains("store_ttl"));
static_assert(!option_names::contains("ttl.store"));
static_assert(!option_names::contains("store."));
static_assert(!option_names::contains(""));

StoreTier<std::string> tier(std::string raw_prefix = {}) {
    return {.ttl = 1h, .codec = bytes_codec(), .raw_prefix = std::move(raw_prefix)};
}

Options local(std::string name = "users") {
    return {.name = std::move(name),
            .caches = "users",
            .stale = Stale::acceptable,
            .ttl = 30s,
            .bound = entries(10),
            .load = [](const std::string&, LoadContext&) { return std::string(); }};
}

Options coherent(std::string name = "users") {
    Options options = local(std::move(name));
    options.channel = "cache:users";
    return options;
}

// Without memory.
Options shared(std::string name = "users", std::string raw_prefix = {}) {
    Options options = local(std::move(name));
    options.ttl.reset();
    options.bound.reset();
    options.store = tier(std::move(raw_prefix));
    return options;
}

ReservationOptions<std::string> reservation(std::string name, std::string raw_prefix) {
    return {.name = std::move(name),
            .caches = "requests",
            .window = 5s,
            .when_store_fails = WhenStoreFails::refuse,
            .raw_prefix = std::move(raw_prefix)};
}

// What `start` says about what was declared, a line each.
class Declared : public ::testing::Test {
public:
    std::vector<std::string> problems() {
        const auto started = node->start();
        if (started) return {};
        EXPECT_EQ(started.error().code, Errc::invalid_option);
        std::vector<std::string> lines;
        std::istringstream text(started.error().cause);
        for (std::string line; std::getline(text, line);) lines.push_back(line);
        if (lines.size() == 1) return lines;
        EXPECT_EQ(lines.front(), std::to_string(lines.size() - 1) + " problems:");
        lines.erase(lines.begin());
        for (std::string& line : lines) line.erase(0, line.find_first_not_of(' '));
        return lines;
    }
    static std::vector<std::string> problems_of(Pattern pattern, Options options) {
        Declared one;
        if (pattern == Pattern::coherent) (void)one.node->coherent(std::move(options));
        if (pattern == Pattern::local) (void)one.node->local(std::move(options));
        if (pattern == Pattern::shared) (void)one.node->shared(std::move(options));
        return one.problems();
    }
    void TestBody() override {}

    std::unique_ptr<Node> node = Node::create({.name = "node", .lease = 100ms}).value();
};

struct Wrong {
    Pattern pattern;
    Options right;
    std::function<void(Options&)> spoil;
    std::string said;
};

TEST_F(Declared, WhatIsRightStarts) {
    (void)node->coherent(coherent("one"));
    (void)node->local(local("two"));
    (void)node->shared(shared("three"));
    (void)node->shared(shared("four", "users:"));
    (void)node->reservation<std::string>(reservation("five", "dedup:"));

    EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Declared, EachOptionThatIsWrongOrMeansNothingIsNamed) {
    const auto raw = [] { return shared("users", "users:"); };
    const std::vector<Wrong> cases{
        {Pattern::local, local(), [](auto& o) { o.stale.reset(); }, "stale: is missing"},
        {Pattern::local, local(), [](auto& o) { o.load = {}; }, "load: is missing"},
        {Pattern::local, local(), [](auto& o) { o.loads_max = 0; }, "loads_max: must be positive"},
        {Pattern::local, local(), [](auto& o) { o.load_deadline = 0s; }, "load_deadline: must be"},
        {Pattern::local, local(), [](auto& o) { o.absent_ttl = 0s; }, "absent_ttl: must be"},
        {Pattern::local, local(), [](auto& o) { o.bound = bytes(1000); }, "weigh: is missing"},
        {Pattern::local, local(), [](auto& o) { o.weigh = [](const auto&) { return 1U; }; },
         "weigh: means nothing without a bound in bytes"},
        {Pattern::local, local(), [](auto& o) { o.on_suspect = OnSuspect::fail(); },
         "on_suspect: means nothing for a local"},
        {Pattern::shared, shared(), [](auto& o) { o.on_suspect = OnSuspect::serve_up_to(1s); },
         "on_suspect: means nothing for a shared"},
        {Pattern::local, local(), [](auto& o) { o.reach = Reach::every_key; },
         "reach: means nothing for a local"},
        {Pattern::local, local(), [](auto& o) { o.plain = PlainEvent{"user", "id"}; },
         "plain: means nothing for a local"},
        {Pattern::local, local(), [](auto& o) { o.store = tier(); },
         "store: means nothing for a local"},
        {Pattern::local, local(), [](auto& o) { o.store = StoreTier<std::string>{}; },
         "store: means nothing for a local"},
        {Pattern::local, local(), [](auto& o) { o.channel = "cache:users"; },
         "channel: a local cache listens to none"},
        {Pattern::coherent, coherent(), [](auto& o) { o.channel = "{cache}"; },
         "channel: must have 1 to 512 bytes of UTF-8, without braces"},
        {Pattern::coherent, coherent(), [](auto& o) { o.foreign_publishers = true; },
         "foreign_publishers: needs plain"},
        {Pattern::coherent, coherent(), [](auto& o) { o.plain = PlainEvent{"all", "id"}; },
         "plain: needs a type other than \"all\""},
        {Pattern::coherent, coherent(), [](auto& o) { o.plain = PlainEvent{"user", "\n"}; },
         "plain: needs a type"},
        {Pattern::coherent, coherent(), [](auto& o) { o.on_suspect = OnSuspect::serve_up_to(0s); },
         "on_suspect: serve_up_to needs a positive age"},
        {Pattern::coherent, coherent(),
         [](auto& o) {
             o.store = tier();
             o.reach = Reach::every_key;
         },
         "reach: every_key is for a cache without a store"},
        {Pattern::coherent, coherent(),
         [](auto& o) {
             o.store = tier();
             o.store->ttl.reset();
         },
         "store.ttl: is missing"},
        {Pattern::coherent, coherent(), [](auto& o) { o.store = tier("tutti:x:"); },
         "store.raw_prefix: must not begin with tutti:"},
        {Pattern::shared, shared(), [](auto& o) { o.store.reset(); }, "store.ttl: is missing"},
        {Pattern::shared, shared(), [](auto& o) { o.store->ttl = 0s; }, "store.ttl: must be more"},
        {Pattern::shared, shared(), [](auto& o) { o.store->ttl = Ttl::never(); },
         "store.ttl: must end"},
        {Pattern::shared, shared(), [](auto& o) { o.store->codec = {}; },
         "store.codec: is missing"},
        {Pattern::shared, shared(), [](auto& o) { o.store->value_bytes_max = 0; },
         "store.value_bytes_max: must be"},
        {Pattern::shared, shared(), [](auto& o) { o.store->foreign_writers = true; },
         "store.foreign_writers: needs a raw_prefix"},
        {Pattern::shared, shared(), [](auto& o) { o.store->rank_yields_after = 1h; },
         "store.rank_yields_after: means nothing without rank"},
        {Pattern::shared, raw(), [](auto& o) { o.store->rank = [](const auto&) { return 1; }; },
         "store.rank: needs framed values"},
        {Pattern::shared, raw(), [](auto& o) { o.store->version = 2; },
         "store.version: needs framed values"},
        {Pattern::shared, raw(), [](auto& o) { o.store->compress_above_bytes = 0; },
         "store.compress_above_bytes: needs framed values"},
        {Pattern::shared, raw(), [](auto& o) { o.stale_if_error = StaleIfError{.for_up_to = 1h}; },
         "stale_if_error: has no place"},
        {Pattern::shared, raw(), [](auto& o) { o.negative = NegativeTtls{.ceiling = 1h}; },
         "negative: has no place"},
        {Pattern::shared, raw(), [](auto& o) { o.absent_ttl = 1s; }, "absent_ttl: has no place"},
        {Pattern::local, local(), [](auto& o) { o.negative = NegativeTtls{}; },
         "negative.ceiling: is missing"},
        {Pattern::local, local(), [](auto& o) { o.stale_if_error = StaleIfError{}; },
         "stale_if_error.for_up_to: is missing"},
        {Pattern::local, local(),
         [](auto& o) { o.refresh = Refresh<std::string>{.keys = {"a"}, .first = 1s}; },
         "refresh.every: is missing"},
        {Pattern::local, local(),
         [](auto& o) { o.refresh = Refresh<std::string>{.keys = {"a"}, .every = 1ns}; },
         "refresh.every: must be at least 100 ms"},
        {Pattern::local, local(),
         [](auto& o) { o.refresh = Refresh<std::string>{.keys = {"a"}, .every = 100ms - 1ns}; },
         "refresh.every: must be at least 100 ms"},
    };

    for (const auto& [pattern, right, spoil, said] : cases) {
        Options wrong = right;
        spoil(wrong);
        EXPECT_THAT(problems_of(pattern, wrong), ElementsAre(StartsWith("cache 'users': " + said)));
    }
}

TEST_F(Declared, ANearCacheIsAskedForWhatItHas) {
    (void)node->near<std::string, std::string>({.name = "flags", .caches = {}, .bound = bytes(10)});

    EXPECT_THAT(problems(),
                UnorderedElementsAre(StartsWith("cache 'flags': caches: is missing"),
                                     StartsWith("cache 'flags': stale: is missing"),
                                     StartsWith("cache 'flags': ttl: is missing"),
                                     StartsWith("cache 'flags': bound: must be in entries"),
                                     StartsWith("cache 'flags': document: is missing"),
                                     StartsWith("cache 'flags': codec: is missing")));
}

// What a document is cannot be the answer for a key when it cannot be copied.
TEST_F(Declared, ANearCacheOfAValueThatCannotBeCopiedNeedsAProjection) {
    using Only = std::unique_ptr<int>;
    (void)node->near<std::string, Only>(
        {.name = "flags",
         .caches = "flags of models",
         .stale = Stale::acceptable,
         .ttl = 1min,
         .bound = entries(10),
         .document = [](const std::string&) { return std::string("models:all"); },
         .codec = {.encode = nullptr,
                   .decode = [](std::string_view) { return Result<Only>(nullptr); },
                   .name = "only"}});

    EXPECT_THAT(problems(), ElementsAre(StartsWith("cache 'flags': project: is missing")));
}

TEST_F(Declared, AReservationAndACooldownAreAskedOnceForEachThing) {
    (void)node->reservation<std::string>({.name = "once", .caches = "requests"});
    (void)node->cooldown<std::string>(
        {.name = "notices", .caches = "notices", .period = 1h, .bound = bytes(10)});

    EXPECT_THAT(problems(), ElementsAre(StartsWith("cache 'once': window: is missing"),
                                        StartsWith("cache 'once': when_store_fails: is missing"),
                                        StartsWith("cache 'notices': bound: must be in entries")));
}

TEST_F(Declared, PrefixesThatOverlapAreRefusedWhicheverIsDeclaredFirst) {
    for (const auto& [first, second] : {std::pair{"price:", "price:"},
                                        {"users:", "users:archive:"},
                                        {"users:archive:", "users:"}}) {
        Declared one;
        (void)one.node->shared(shared("first", first));
        (void)one.node->shared(shared("second", second));

        EXPECT_THAT(
            one.problems(),
            ElementsAre(StartsWith(std::string("cache 'second': store.raw_prefix: '") + second +
                                   "' overlaps with '" + first + "' of cache 'first'")));
    }
}

TEST_F(Declared, AReservationUnderTheKeysOfACacheIsRefused) {
    (void)node->shared(shared("users", "users:"));
    (void)node->reservation<std::string>(reservation("once", "users:once:"));

    EXPECT_THAT(problems(), ElementsAre(StartsWith("cache 'once': raw_prefix: 'users:once:' "
                                                   "overlaps with 'users:' of cache 'users'")));
}

// It reads on purpose what the other maintains, and writes nothing.
TEST_F(Declared, ANearCacheMayReadWhatASharedOneWrites) {
    const auto models = node->shared(shared("models", "models:"));
    const auto flags = node->near<std::string, std::string>(
        {.name = "flags",
         .caches = "flags of models",
         .stale = Stale::acceptable,
         .ttl = 1min,
         .bound = entries(10),
         .document = [](const std::string&) { return std::string("models:all"); },
         .codec = bytes_codec()});

    EXPECT_THAT(problems(), IsEmpty());
    ASSERT_TRUE(models.get("all"));
    EXPECT_EQ(flags.get("gpt")->answer(), Answer::found);
}

TEST_F(Declared, AChannelTakesAsManyCachesWithAStoreAsAnInvalidationReaches) {
    for (std::size_t i = 0; i <= Place::prefixes_max; ++i) {
        Options options = coherent("cache-" + std::to_string(i));
        options.store = tier();
        (void)node->coherent(std::move(options));
        (void)node->coherent(coherent("memory-" + std::to_string(i)));
    }

    EXPECT_THAT(problems(),
                ElementsAre(AllOf(StartsWith("cache 'cache-64': channel: 'cache:users'"),
                                  HasSubstr("64 caches with a store"))));
}

TEST_F(Declared, TheInventorySaysWhichCachesAreOnTheHub) {
    const auto hub = EmbeddedHub::create();
    const auto one = Node::create({.name = "one", .embedded = hub, .app = "shop"}).value();
    const auto two = Node::create({.name = "two", .embedded = hub, .app = "shop"}).value();
    for (const auto& each : {one.get(), two.get(), node.get()}) {
        (void)each->coherent(coherent("coherent"));
        (void)each->reservation<std::string>(reservation("reservation", "r:"));
        (void)each->local(local("local"));
    }

    const Inventory rows = one->inventory();

    EXPECT_THAT(rows[0].backend.server, StartsWith("hub "));
    EXPECT_EQ(rows[0].backend.app, "shop");
    EXPECT_EQ(rows[1].backend, rows[0].backend);
    EXPECT_FALSE(rows[2].backend.known()) << "it shares nothing with other processes";
    EXPECT_EQ(two->inventory()[0].backend, rows[0].backend);
    EXPECT_NE(node->inventory()[0].backend, rows[0].backend) << "a hub of its own";
}

}  // namespace
}  // namespace tutti
