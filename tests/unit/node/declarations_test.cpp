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
class Declarations : public ::testing::Test {
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
        Declarations one;
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

TEST_F(Declarations, WhatIsRightStarts) {
    (void)node->coherent(coherent("one"));
    Options validated = coherent("validated");
    validated.validate_on_read = true;
    (void)node->coherent(std::move(validated));
    (void)node->local(local("two"));
    (void)node->shared(shared("three"));
    (void)node->shared(shared("four", "users:"));
    (void)node->reservation<std::string>(reservation("five", "dedup:"));

    EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Declarations, EachOptionThatIsWrongOrMeansNothingIsNamed) {
    const auto raw = [] { return shared("users", "users:"); };
    const std::vector<Wrong> cases{
        {Pattern::local, local(), [](auto& o) { o.stale.reset(); }, "stale: is missing"},
        {Pattern::local, local(), [](auto& o) { o.load = {}; }, "load: is missing"},
        {Pattern::local, local(), [](auto& o) { o.loads_max = 0; }, "loads_max: must be positive"},
        {Pattern::local, local(), [](auto& o) { o.load_deadline = 0s; }, "load_deadline: must be"},
        {Pattern::local, local(), [](auto& o) { o.absent_ttl = 0s; }, "absent_ttl: must be"},
        {Pattern::local, local(), [](auto& o) { o.ttl_jitter = 0.6; }, "ttl_jitter: is a fraction"},
        {Pattern::local, local(), [](auto& o) { o.ttl_jitter = -0.1; },
         "ttl_jitter: is a fraction"},
        {Pattern::local, local(), [](auto& o) { o.tagged = Tagged{.tags_max = 0}; },
         "tagged.tags_max: must be 1 to 64"},
        {Pattern::local, local(), [](auto& o) { o.tagged = Tagged{.tags_max = 65}; },
         "tagged.tags_max: must be 1 to 64"},
        {Pattern::shared, shared(),
         [](auto& o) {
             o.tagged = Tagged{};
             o.store->raw_prefix = "raw:";
         },
         "tagged: needs framed values"},
        {Pattern::local, local(), [](auto& o) { o.idle_ttl = 0s; }, "idle_ttl: must be positive"},
        {Pattern::local, local(), [](auto& o) { o.idle_ttl = Ttl::never(); },
         "idle_ttl: must be positive and end"},
        {Pattern::local, local(), [](auto& o) { o.idle_ttl = 24h; },
         "idle_ttl: must be shorter than ttl"},
        {Pattern::shared, shared(), [](auto& o) { o.idle_ttl = 1s; },
         "idle_ttl: means nothing without a memory tier"},
        {Pattern::local, local(),
         [](auto& o) { o.stale_if_error = StaleIfError{.for_up_to = 1h, .when_slower_than = -1s}; },
         "stale_if_error.when_slower_than: must not"},
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
        {Pattern::local, local(), [](auto& o) { o.validate_on_read = true; },
         "validate_on_read: means nothing for a local"},
        {Pattern::shared, shared(), [](auto& o) { o.validate_on_read = true; },
         "validate_on_read: means nothing for a shared"},
        {Pattern::coherent, coherent(),
         [](auto& o) {
             o.validate_on_read = true;
             o.on_suspect = OnSuspect::serve_up_to(1s);
         },
         "on_suspect: serve_up_to counts an age by the clock"},
        {Pattern::coherent, coherent(),
         [](auto& o) {
             o.validate_on_read = true;
             o.on_disconnect = OnDisconnect::suspect;
         },
         "on_disconnect: means nothing with validate_on_read"},
        {Pattern::coherent, coherent(),
         [](auto& o) {
             o.validate_on_read = true;
             o.refresh = Refresh<std::string>{.on_hit_after = 0.8};
         },
         "refresh.on_hit_after: means nothing with validate_on_read"},
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
        {Pattern::local, local(), [](auto& o) { o.refresh = Refresh<std::string>{.every = 1s}; },
         "refresh.keys: names no key, and no on_hit_after is given"},
        {Pattern::local, local(), [](auto& o) { o.refresh = Refresh<std::string>{}; },
         "refresh.keys: names no key, and no on_hit_after is given"},
        {Pattern::local, local(),
         [](auto& o) { o.refresh = Refresh<std::string>{.on_hit_after = 0.8, .every = 1s}; },
         "refresh.every: means nothing without refresh.keys"},
        {Pattern::local, local(),
         [](auto& o) { o.refresh = Refresh<std::string>{.on_hit_after = 1}; },
         "refresh.on_hit_after: is a fraction of a lifetime"},
        {Pattern::local, local(),
         [](auto& o) {
             o.ttl = Ttl::never();
             o.refresh = Refresh<std::string>{.on_hit_after = 0.8};
         },
         "refresh.on_hit_after: needs a memory tier with a ttl that ends"},
        {Pattern::shared, shared(),
         [](auto& o) { o.refresh = Refresh<std::string>{.on_hit_after = 0.8}; },
         "refresh.on_hit_after: needs a memory tier"},
        {Pattern::local, local(), [](auto& o) { o.warm_up = WarmUp<std::string>{}; },
         "warm_up.keys: is missing"},
        {Pattern::local, local(),
         [](auto& o) {
             o.warm_up = WarmUp<std::string>{.keys = [] { return std::vector<std::string>{}; },
                                             .keys_at_once = 0};
         },
         "warm_up.keys_at_once: must be positive"},
        {Pattern::local, local(),
         [](auto& o) {
             o.warm_up = WarmUp<std::string>{.keys = [] { return std::vector<std::string>{}; },
                                             .deadline = 0s};
         },
         "warm_up.deadline: must be positive"},
        {Pattern::local, local(), [](auto& o) { o.events = EventListener{}; },
         "events.listen: is missing"},
        {Pattern::local, local(),
         [](auto& o) { o.events = EventListener{.listen = [](const CacheEvent&) {}, .kinds = {}}; },
         "events.kinds: names no kind"},
        {Pattern::local, local(),
         [](auto& o) {
             o.events = EventListener{.listen = [](const CacheEvent&) {},
                                      .kinds = {static_cast<CacheEvent::Kind>(200)}};
         },
         "events.kinds: has a number that is no CacheEvent::Kind"},
        {Pattern::local, local(),
         [](auto& o) { o.spot_check = SpotCheck<std::string>{.one_in = 0}; },
         "spot_check.one_in: must be positive"},
        {Pattern::local, local(),
         [](auto& o) { o.spot_check = SpotCheck<std::string>{.within = 0s}; },
         "spot_check.within: must be positive"},
        {Pattern::shared, shared(), [](auto& o) { o.spot_check = SpotCheck<std::string>{}; },
         "spot_check: needs a memory tier"},
        {Pattern::coherent, coherent(),
         [](auto& o) {
             o.validate_on_read = true;
             o.spot_check = SpotCheck<std::string>{};
         },
         "spot_check: means nothing with validate_on_read"},
        {Pattern::local, local(), [](auto& o) { o.load_many_keys_max = 0; },
         "load_many_keys_max: must be positive"},
        {Pattern::local, local(),
         [](auto& o) {
             o.events = EventListener{.listen = [](const CacheEvent&) {}, .waiting_max = 0};
         },
         "events.waiting_max: must be positive"},
    };

    for (const auto& [pattern, right, spoil, said] : cases) {
        Options wrong = right;
        spoil(wrong);
        EXPECT_THAT(problems_of(pattern, wrong), ElementsAre(StartsWith("cache 'users': " + said)));
    }
}

TEST_F(Declarations, ANearCacheIsAskedForWhatItHas) {
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
TEST_F(Declarations, ANearCacheOfAValueThatCannotBeCopiedNeedsAProjection) {
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

// Its operator== is there, and would not compile.
TEST_F(Declarations, ASpotCheckOfWhatCannotBeComparedNeedsToBeTold) {
    struct Value {};
    using Values = std::vector<Value>;
    const auto declare = [&](std::string name, SpotCheck<Values> check) {
        (void)node->local<std::string, Values>(
            {.name = std::move(name),
             .caches = "values",
             .stale = Stale::acceptable,
             .ttl = 1min,
             .bound = entries(10),
             .load = [](const std::string&, LoadContext&) { return Values(); },
             .spot_check = std::move(check)});
    };
    declare("wrong", {});
    declare("right", {.same = [](const Values& one, const Values& other) {
                return one.size() == other.size();
            }});

    EXPECT_THAT(problems(), ElementsAre(StartsWith("cache 'wrong': spot_check.same: is missing")));
}

TEST_F(Declarations, TheInventorySaysWithinWhatSpotChecksCount) {
    Options checked = local("checked");
    checked.spot_check = SpotCheck<std::string>{.within = 7s};
    (void)node->local(std::move(checked));
    (void)node->local(local("unchecked"));

    const Inventory rows = node->inventory();

    EXPECT_EQ(rows[0].declaration.checked_within, Ttl(7s));
    EXPECT_EQ(rows[1].declaration.checked_within, std::nullopt);
}

TEST_F(Declarations, AReservationAndACooldownAreAskedOnceForEachThing) {
    (void)node->reservation<std::string>({.name = "once", .caches = "requests"});
    (void)node->cooldown<std::string>(
        {.name = "notices", .caches = "notices", .period = 1h, .bound = bytes(10)});

    EXPECT_THAT(problems(), ElementsAre(StartsWith("cache 'once': window: is missing"),
                                        StartsWith("cache 'once': when_store_fails: is missing"),
                                        StartsWith("cache 'notices': bound: must be in entries")));
}

TEST_F(Declarations, PrefixesThatOverlapAreRefusedWhicheverIsDeclaredFirst) {
    for (const auto& [first, second] : {std::pair{"price:", "price:"},
                                        {"users:", "users:archive:"},
                                        {"users:archive:", "users:"}}) {
        Declarations one;
        (void)one.node->shared(shared("first", first));
        (void)one.node->shared(shared("second", second));

        EXPECT_THAT(
            one.problems(),
            ElementsAre(StartsWith(std::string("cache 'second': store.raw_prefix: '") + second +
                                   "' overlaps with '" + first + "' of cache 'first'")));
    }
}

TEST_F(Declarations, AReservationUnderTheKeysOfACacheIsRefused) {
    (void)node->shared(shared("users", "users:"));
    (void)node->reservation<std::string>(reservation("once", "users:once:"));

    EXPECT_THAT(problems(), ElementsAre(StartsWith("cache 'once': raw_prefix: 'users:once:' "
                                                   "overlaps with 'users:' of cache 'users'")));
}

// It reads on purpose what the other maintains, and writes nothing.
TEST_F(Declarations, ANearCacheMayReadWhatASharedOneWrites) {
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

TEST_F(Declarations, AChannelTakesAsManyCachesWithAStoreAsAnInvalidationReaches) {
    for (std::size_t i = 0; i <= ValueAddress::prefixes_max; ++i) {
        Options options = coherent("cache-" + std::to_string(i));
        options.store = tier();
        (void)node->coherent(std::move(options));
        (void)node->coherent(coherent("memory-" + std::to_string(i)));
    }

    EXPECT_THAT(problems(),
                ElementsAre(AllOf(StartsWith("cache 'cache-64': channel: 'cache:users'"),
                                  HasSubstr("64 caches with a store"))));
}

TEST_F(Declarations, TheInventorySaysWhichCachesAreOnTheHub) {
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
