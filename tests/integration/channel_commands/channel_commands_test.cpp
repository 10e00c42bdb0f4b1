// `tutti invalidate`, `replay` and `explain` as an operator types them, on a real server with real
// nodes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "cli/cli.hpp"
#include "support/eventually.hpp"
#include "support/plain_watch.hpp"
#include "support/redis_server.hpp"
#include "tutti/json.hpp"
#include "tutti/node.hpp"

namespace tests {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

using Numbers = tutti::Coherent<std::string, int>;

struct Ended {
    int code = 0;
    std::string out;
    std::string err;
};

// One node of the app `shop`, with a cache and values in the store.
class ChannelCommands : public ::testing::Test {
protected:
    void SetUp() override {
        server_.command({"ACL", "SETUSER", "ops", "on", ">s3cret", "+@all", "~*", "&*"});
        node_ = tutti::Node::create({.name = "web-1",
                                     .redis = url(),
                                     .app = "shop",
                                     .command_deadline = eventually_within})
                    .value();
        numbers_ = std::make_unique<Numbers>(node_->coherent(tutti::CacheOptions<std::string, int>{
            .name = "numbers",
            .caches = "numbers",
            .stale = tutti::Stale::wrong,
            .ttl = 1h,
            .bound = tutti::entries(100),
            .load = [this](const std::string&, tutti::LoadContext&) { return source_.load(); },
            .store = tutti::StoreTier<int>{.ttl = 1h, .codec = tutti::json_codec<int>()},
            .channel = "cache:numbers",
            .plain = tutti::PlainEvent{.type = "number", .key = "id"}}));
        ASSERT_TRUE(node_->start());
    }

    [[nodiscard]] std::string url() const {
        return "redis://ops:s3cret@127.0.0.1:" + std::to_string(server_.port());
    }
    Ended run(std::vector<std::string> arguments) {
        std::ostringstream out;
        std::ostringstream err;
        const int code =
            tutti::cli::run(arguments, out, err,
                            {.catalogue = [this] { return node_->inventory(); },
                             .document = {},
                             .fetch = [this](const auto& url, auto) { return fetch(url); },
                             .redis_url = url(),
                             .app = "shop",
                             .diagnose = {}});
        EXPECT_THAT(out.str() + err.str(), Not(HasSubstr("s3cret")));
        return {.code = code, .out = out.str(), .err = err.str()};
    }
    // The node's own answer to GET /holdings, for the key `a`; of others none.
    tutti::Result<std::string> fetch(const std::string& url) {
        if (url == "http://web-1/holdings?channel=cache%3Anumbers&key=a")
            return tutti::to_json(node_->holdings("cache:numbers", "a"));
        return tutti::fail(tutti::Errc::unavailable, "http GET", "connection refused");
    }
    int read(const std::string& key) { return *numbers_->get(key).value(); }
    bool eventually_reads(const std::string& key, int value) {
        return eventually([&] { return read(key) == value; });
    }
    std::string command(const std::vector<std::string>& words) { return server_.command(words); }
    // A reader is answered before the value is in the store.
    void await_stored(const std::string& cache, const std::string& key) {
        const std::string place = "tutti:cache:shop/" + cache + ":" + key;
        EXPECT_TRUE(eventually([&] { return command({"EXISTS", place}) == "1"; })) << place;
    }
    void load(const std::string& key) {
        EXPECT_EQ(read(key), source_);
        await_stored("numbers", key);
    }
    // Of the first value that explain tells as JSON.
    static std::string prefix_in(const std::string& json) {
        const std::size_t at = json.find(R"("prefix":")") + 10;
        return json.substr(at, json.find('"', at) - at);
    }

    RedisServer server_;
    std::atomic<int> source_ = 1;
    std::unique_ptr<tutti::Node> node_;
    std::unique_ptr<Numbers> numbers_;
};

TEST_F(ChannelCommands, InvalidatedKeysAreForgottenInMemoryAndStore) {
    EXPECT_EQ(read("a"), 1);
    EXPECT_EQ(read("b"), 1);
    EXPECT_EQ(read("c"), 1);
    source_ = 2;

    const Ended ended = run({"invalidate", "-", "cache:numbers", "a", "b"});

    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, StartsWith("published at sequence "));
    EXPECT_TRUE(eventually_reads("a", 2));
    EXPECT_TRUE(eventually_reads("b", 2));
    EXPECT_EQ(read("c"), 1);
}

TEST_F(ChannelCommands, EveryKeyIsForgottenAndAcknowledged) {
    EXPECT_EQ(read("a"), 1);
    source_ = 2;

    const Ended ended = run({"invalidate", url(), "cache:numbers", "--all", "--ack", "--json"});

    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr(R"({"outcome":"done","by":")"));
    EXPECT_EQ(read("a"), 2) << "done: nobody reads the old value";
}

TEST_F(ChannelCommands, DryRunShowsWhoWouldHearAndPublishesNothing) {
    EXPECT_EQ(read("a"), 1);
    source_ = 2;

    const Ended ended = run({"invalidate", "-", "cache:numbers", "a", "--dry-run"});

    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_THAT(ended.out, AllOf(HasSubstr("would publish: 'a'"), HasSubstr("sequence 0"),
                                 HasSubstr("member 'web-1"), HasSubstr("lease 3000 ms"),
                                 HasSubstr("subscribers of the entries: 1"),
                                 HasSubstr("would not be told (--event)")));
    EXPECT_EQ(read("a"), 1);
    EXPECT_THAT(run({"replay", "-", "cache:numbers"}).out, HasSubstr("0 entries"));
}

TEST_F(ChannelCommands, ProgramsWithoutTuttiAreToldInTheirShape) {
    PlainWatch watch(server_.port(), "cache:numbers");

    const Ended ended =
        run({"invalidate", "-", "cache:numbers", "a", "--event", "number:id", "--json"});

    EXPECT_EQ(ended.code, 0) << ended.err;
    std::vector<std::string> heard;
    EXPECT_TRUE(eventually([&] {
        heard = watch.take();
        return !heard.empty();
    }));
    EXPECT_THAT(heard, ElementsAre(R"({"type":"number","id":"a"})"));
}

TEST_F(ChannelCommands, AChannelThatNobodyUsesIsAMistake) {
    for (const char* name : {"invalidate", "replay"}) {
        std::vector<std::string> words{name, "-", "cache:nubmers"};
        if (words[0] == "invalidate") words.emplace_back("a");
        const Ended ended = run(words);

        EXPECT_EQ(ended.code, 2);
        EXPECT_THAT(ended.err, HasSubstr("has used the channel 'cache:nubmers' here"));
    }
    EXPECT_EQ(run({"invalidate", "-", "cache:numbers", "a", "--app", "other"}).code, 2);
    EXPECT_EQ(command({"EXISTS", "tutti:{shop/0/cache:nubmers}:m"}), "0") << "and is left none";
}

TEST_F(ChannelCommands, ReplayPrintsTheLogAndChecksItsChain) {
    for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(numbers_->invalidate(key).published());
    ASSERT_TRUE(numbers_->invalidate_all().published());

    const Ended whole = run({"replay", "-", "cache:numbers"});
    EXPECT_EQ(whole.code, 0) << whole.err;
    EXPECT_THAT(whole.out, AllOf(HasSubstr("  1  "), HasSubstr("'a'"), HasSubstr("every key"),
                                 HasSubstr("4 entries, each continues the one before")));
    const Ended part = run({"replay", "-", "cache:numbers", "--since", "3", "--max", "1"});
    EXPECT_THAT(part.out, AllOf(HasSubstr("'c'"), HasSubstr("1 entries"), Not(HasSubstr("'b'"))));
    EXPECT_THAT(run({"replay", "-", "cache:numbers", "--json"}).out,
                AllOf(HasSubstr(R"("entries":[{"sequence":1,"previous":")"),
                      HasSubstr(R"("keys":["a"],"all":false)"), HasSubstr(R"("breaks":[])")));
}

TEST_F(ChannelCommands, ALogWithAHoleIsBroken) {
    for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(numbers_->invalidate(key).published());
    command({"XDEL", "tutti:{shop/0/cache:numbers}:log", "2-0"});

    const Ended ended = run({"replay", "-", "cache:numbers"});

    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, HasSubstr("sequence 1 is followed by sequence 3"));
}

TEST_F(ChannelCommands, AForgedEntryIsAnotherHistory) {
    for (const char* key : {"a", "b"}) ASSERT_TRUE(numbers_->invalidate(key).published());
    command({"XADD", "tutti:{shop/0/cache:numbers}:log", "3-0", "p", "0123456789abcdef", "h",
             "0123456789abcdef", "k", "1:c,"});
    command({"XADD", "tutti:{shop/0/cache:numbers}:log", "4-0", "nonsense", "\x1b[2J"});

    const Ended ended = run({"replay", "-", "cache:numbers"});

    EXPECT_EQ(ended.code, 1);
    EXPECT_THAT(ended.out, AllOf(HasSubstr("sequence 3 does not continue sequence 2"),
                                 HasSubstr("behind sequence 3 stands what is no entry"),
                                 Not(HasSubstr("\x1b"))));
}

TEST_F(ChannelCommands, ExplainTellsTheLastEventAndWhatIsStored) {
    load("a");
    ASSERT_TRUE(numbers_->invalidate("b").published());

    const Ended never = run({"explain", "-", "numbers", "a"});
    EXPECT_EQ(never.code, 0) << never.err;
    EXPECT_THAT(never.out,
                AllOf(HasSubstr("never invalidated in this epoch"), HasSubstr(" bytes, framed, "),
                      HasSubstr("ms old, fresh for 3"), HasSubstr("member 'web-1")));

    ASSERT_TRUE(numbers_->invalidate("a", {.ack = tutti::Ack::every_instance}).done());
    const Ended after = run({"explain", "-", "numbers", "a"});
    EXPECT_THAT(after.out, AllOf(HasSubstr("last invalidated at sequence 2\n"),
                                 HasSubstr("every member has said that it has applied it"),
                                 HasSubstr(": no value")));

    load("a");
    ASSERT_TRUE(numbers_->invalidate_all().published());
    const Ended all = run({"explain", "-", "numbers", "a"});
    EXPECT_THAT(all.out, AllOf(HasSubstr("last invalidated at sequence 3, with every key"),
                               HasSubstr("another epoch or generation: they count as absent")));
    EXPECT_THAT(run({"explain", "-", "whatever", "a", "--channel", "cache:numbers", "--json"}).out,
                AllOf(StartsWith(R"({"key":"a","lastEvent":{"sequence":3,"all":true},"logFrom":1)"),
                      HasSubstr(R"("current":false)")));
}

TEST_F(ChannelCommands, ExplainAsksInstancesForWhatTheyHold) {
    EXPECT_EQ(read("a"), 1);
    ASSERT_TRUE(eventually([&] { return numbers_->contains("a"); }));

    const Ended held = run({"explain", "-", "numbers", "a", "--ask", "web-1"});
    EXPECT_EQ(held.code, 0) << held.err;
    EXPECT_THAT(held.out,
                AllOf(HasSubstr("in memory\n  'web-1' at 'http://web-1', which has applied 0"
                                ": in 'numbers' loaded "),
                      HasSubstr(" ms ago, servable for ")));

    ASSERT_TRUE(numbers_->invalidate("a", {.ack = tutti::Ack::every_instance}).done());
    const Ended gone = run({"explain", "-", "numbers", "a", "--ask", "web-1", "--json"});
    EXPECT_THAT(gone.out,
                AllOf(HasSubstr(R"("instances":[{"process":"http://web-1","node":"web-1")"),
                      HasSubstr(R"("applied":1,"held":[]})")));

    for (const std::vector<std::string>& both :
         {std::vector<std::string>{"explain", "-", "numbers", "a", "--ask", "web-1", "down:1"},
          {"explain", "--ask", "web-1", "down:1", "-", "numbers", "a"},
          {"explain", "-", "numbers", "a", "--ask", "web-1", "--ask", "down:1", "web-1"}}) {
        EXPECT_THAT(run(both).out, AllOf(HasSubstr("'http://web-1', which has applied 1"),
                                         HasSubstr("'http://down:1': http GET: unavailable")));
    }

    const Ended down = run({"explain", "-", "numbers", "a", "--ask", "http://u:hunter2@down:1"});
    EXPECT_EQ(down.code, 2);
    EXPECT_THAT(down.out,
                AllOf(HasSubstr("'http://down:1': http GET: unavailable: connection"),
                      HasSubstr("last invalidated at sequence 1"), Not(HasSubstr("hunter2"))));
}

// A node with a cache whose values carry tags.
class TagsExplained : public ChannelCommands {
protected:
    void SetUp() override {
        ChannelCommands::SetUp();
        second_ = tutti::Node::create({.name = "web-2",
                                       .redis = url(),
                                       .app = "shop",
                                       .command_deadline = eventually_within})
                      .value();
        profiles_ =
            std::make_unique<Numbers>(second_->coherent(tutti::CacheOptions<std::string, int>{
                .name = "profiles",
                .caches = "profiles",
                .stale = tutti::Stale::wrong,
                .ttl = 1h,
                .bound = tutti::entries(100),
                .load =
                    [this](const std::string& key, tutti::LoadContext&) {
                        tutti::Loaded<int> loaded(source_.load());
                        if (key != "plain") loaded.tag("team:10").tag("office:\x1b[2J");
                        return loaded;
                    },
                .store = tutti::StoreTier<int>{.ttl = 1h, .codec = tutti::json_codec<int>()},
                .tagged = tutti::Tagged{},
                .channel = "cache:profiles"}));
        ASSERT_TRUE(second_->start());
    }
    void load(const std::string& key) {
        EXPECT_TRUE(profiles_->get(key));
        await_stored("profiles", key);
    }
    void invalidate(const std::string& tag) {
        ASSERT_TRUE(profiles_->invalidate_tag(tag).published());
    }
    std::string explained(const std::string& key, const std::string& format = {}) {
        std::vector<std::string> words{"explain", "-",         "profiles",
                                       key,       "--channel", "cache:profiles"};
        if (!format.empty()) words.push_back(format);
        const Ended ended = run(words);
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_THAT(ended.out, Not(HasSubstr("\x1b")));
        return ended.out;
    }
    // Where the store has its value.
    std::string place_of(const std::string& key) {
        return prefix_in(explained(key, "--json")) + key;
    }

    std::unique_ptr<tutti::Node> second_;
    std::unique_ptr<Numbers> profiles_;
};

TEST_F(TagsExplained, AServableValueIsShownWithItsTags) {
    invalidate("team:10");
    load("ada");
    invalidate("team:20");

    EXPECT_THAT(explained("ada"),
                AllOf(HasSubstr(" bytes, tagged, "), HasSubstr("ms old, fresh for 3"),
                      HasSubstr("its load was allowed at sequence 1\n"),
                      HasSubstr("tag 'team:10': last invalidated at sequence 1, before that\n"),
                      HasSubstr("tag 'office:?[2J': never invalidated in this epoch\n"),
                      Not(HasSubstr("every tag counts"))));
    EXPECT_THAT(explained("ada", "--json"),
                HasSubstr(R"("tagged":{"claimed":1,"floor":0,"outdated":false,"tags":[)"
                          R"({"tag":"team:10","invalidated":1,"outdates":false},)"));
}

TEST_F(TagsExplained, TheTagThatKeepsAValueFromBeingServedIsNamedWithItsSequence) {
    load("ada");
    load("plain");

    ASSERT_EQ(run({"invalidate", "-", "cache:profiles", "--tag", "team:10"}).code, 0);

    EXPECT_THAT(explained("ada"),
                AllOf(HasSubstr("last invalidated at sequence 1, by the tag 'team:10'\n"),
                      HasSubstr("of which a tag was invalidated since their load began: they count "
                                "as absent"),
                      HasSubstr("its load was allowed at sequence 0\n"),
                      HasSubstr("tag 'team:10': last invalidated at sequence 1\n"),
                      Not(HasSubstr(", fresh for "))));
    EXPECT_THAT(explained("ada", "--json"),
                AllOf(HasSubstr(R"("lastEvent":{"sequence":1,"all":false,"tag":"team:10"})"),
                      HasSubstr(R"("outdated":true)"),
                      HasSubstr(R"({"tag":"team:10","invalidated":1,"outdates":true})")));
    EXPECT_THAT(explained("plain"),
                AllOf(HasSubstr(", fresh for "), HasSubstr("and it carries no tag")));
}

TEST_F(TagsExplained, WhatTheServerHasLostOfTagsIsSaid) {
    invalidate("team:20");
    load("ada");
    invalidate("team:30");
    command({"DEL", "tutti:{shop/0/cache:profiles}:tags"});

    EXPECT_THAT(explained("ada"),
                AllOf(HasSubstr("they count as absent"),
                      HasSubstr("tag 'team:10': not invalidated since sequence 2\n"),
                      HasSubstr("every tag counts as invalidated by sequence 2: ")));

    load("eve");
    EXPECT_THAT(explained("eve"), AllOf(HasSubstr(", fresh for "), Not(HasSubstr("every tag"))));
}

TEST_F(TagsExplained, TagsThatAreNoneAreNoValue) {
    load("ada");
    const std::string place = place_of("ada");
    const std::string epoch = command({"HGET", "tutti:{shop/0/cache:profiles}:m", "e"});
    for (const char* tags : {"0 99999999\n", "0 18446744073709551616\n", "0 3\n9:x", "0 3\n0:,1",
                             "x 0\n", "0\n", "0 1\n*"}) {
        command({"SET", place, "2 " + epoch + " 0 - 1000 2000 " + tags, "PX", "60000"});

        EXPECT_THAT(explained("ada"), HasSubstr("bytes that are no value of ours")) << tags;
    }
}

TEST_F(TagsExplained, AUserWhoMayNotAskForTagsIsToldWhichRightIsMissing) {
    load("ada");
    command({"ACL", "SETUSER", "eye", "on", ">s3cret", "~*", "+hget", "+hgetall", "+zrange",
             "+xrange", "+get", "+strlen", "+getrange", "+pttl"});
    const std::string url = "redis://eye:s3cret@127.0.0.1:" + std::to_string(server_.port());

    const Ended refused = run({"explain", url, "profiles", "ada", "--channel", "cache:profiles"});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, HasSubstr("HMGET"));

    command({"ACL", "SETUSER", "eye", "+hmget"});
    EXPECT_EQ(run({"explain", url, "profiles", "ada", "--channel", "cache:profiles"}).code, 0);
}

TEST_F(ChannelCommands, ExplainShowsTheClaimOfALoadThatRuns) {
    load("a");
    const std::string epoch = command({"HGET", "tutti:{shop/0/cache:numbers}:m", "e"});
    const std::string prefix = prefix_in(run({"explain", "-", "numbers", "x", "--json"}).out);
    command({"SET", "tutti:claim:" + prefix + "x", "1 " + epoch + " 0 1 token", "PX", "60000"});

    const Ended ended = run({"explain", "-", "numbers", "x"});

    EXPECT_THAT(ended.out,
                AllOf(HasSubstr("a load holds the claim for "), HasSubstr("a node waits for it")));
}

TEST_F(ChannelCommands, WhatTheUserMayNotAskIsSaid) {
    load("a");
    command({"ACL", "SETUSER", "eye", "on", ">s3cret", "~*", "+hget", "+hgetall", "+zrange",
             "+xrange", "+get", "+strlen", "+getrange", "+pttl"});
    const std::string url = "redis://eye:s3cret@127.0.0.1:" + std::to_string(server_.port());

    const Ended enough = run({"explain", url, "numbers", "a"});
    EXPECT_EQ(enough.code, 0) << enough.err;
    EXPECT_THAT(enough.out, HasSubstr("not known, +pubsub|numsub is not allowed"));

    command({"ACL", "SETUSER", "eye", "-xrange"});
    const Ended refused = run({"replay", url, "cache:numbers"});
    EXPECT_EQ(refused.code, 2);
    EXPECT_THAT(refused.err, AllOf(HasSubstr("refused"), HasSubstr("XRANGE")));
}

TEST_F(ChannelCommands, ExplainNeedsACacheThatHasAChannel) {
    const Ended ended = run({"explain", "-", "letters", "a"});

    EXPECT_EQ(ended.code, 2);
    EXPECT_THAT(ended.err, AllOf(HasSubstr("no cache 'letters'"), HasSubstr("--channel NAME")));
}

TEST_F(ChannelCommands, AServerThatIsAwayIsSaid) {
    const std::string nobody = "redis://:s3cret@127.0.0.1:" + std::to_string(free_port());
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"invalidate", nobody, "c", "a"},
          {"replay", nobody, "c"},
          {"explain", nobody, "numbers", "a"}}) {
        const Ended ended = run(words);
        EXPECT_EQ(ended.code, 2);
        EXPECT_THAT(ended.err, HasSubstr("refused the connection"));
        EXPECT_THAT(ended.out, IsEmpty());
    }
}

}  // namespace
}  // namespace tests
