// The patterns with a store, as a user declares them, on nodes with their threads over one embedded
// hub.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tutti/node.hpp"
#include "tutti/testing/embedded_server.hpp"

namespace tutti {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class Patterns : public ::testing::Test {
protected:
    std::unique_ptr<Node> node(const std::string& name) {
        return Node::create({.name = name, .embedded = hub_, .lease = 1s}).value();
    }

    std::shared_ptr<EmbeddedHub> hub_ = EmbeddedHub::create();
    testing::EmbeddedServer server_{hub_};
};

CacheOptions<std::string, std::string> descriptions(std::atomic<int>& calls) {
    return {
        .name = "descriptions",
        .caches = "descriptions",
        .stale = Stale::acceptable,
        .load = [&](const std::string& key,
                    LoadContext&) { return key + " " + std::to_string(++calls); },
        .store = StoreTier<std::string>{.ttl = 1h, .codec = bytes_codec()},
    };
}

TEST_F(Patterns, ManyReadersOnManyNodesMakeOneLoad) {
    std::atomic<int> calls = 0;
    std::vector<std::unique_ptr<Node>> nodes;
    std::vector<Shared<std::string, std::string>> caches;
    for (int i = 0; i < 4; ++i) {
        nodes.push_back(node("node-" + std::to_string(i)));
        caches.push_back(nodes.back()->shared(descriptions(calls)));
        ASSERT_TRUE(nodes.back()->start());
    }

    std::vector<std::thread> readers;
    for (int reader = 0; reader < 40; ++reader) {
        readers.emplace_back([&caches, reader] {
            for (int i = 0; i < 25; ++i) {
                const auto found = caches[static_cast<std::size_t>(reader) % 4].get("cat");
                ASSERT_TRUE(found) << found.error().message();
                EXPECT_EQ(**found, "cat 1");
            }
        });
    }
    for (std::thread& reader : readers) reader.join();

    EXPECT_EQ(calls, 1);
}

TEST_F(Patterns, ASharedCacheInvalidatesTheStoreForAll) {
    std::atomic<int> calls = 0;
    const auto one = node("one");
    const auto two = node("two");
    const auto of_one = one->shared(descriptions(calls));
    const auto of_two = two->shared(descriptions(calls));
    ASSERT_TRUE(one->start());
    ASSERT_TRUE(two->start());
    ASSERT_TRUE(of_one.get("cat"));

    EXPECT_TRUE(of_two.invalidate("cat").published());

    EXPECT_EQ(**of_one.get("cat"), "cat 2");
    EXPECT_EQ(**of_two.get("cat"), "cat 2");
    const auto wanted_more = of_two.invalidate("cat", {.ack = Ack::every_instance});
    EXPECT_EQ(wanted_more.outcome, Invalidation::Outcome::unconfirmed);
    EXPECT_THAT(wanted_more.reason, HasSubstr("coherent"));
}

TEST_F(Patterns, WhatASharedCacheCouldNotPublishIsReportedAndPublishedLater) {
    std::atomic<int> calls = 0;
    const auto one = node("one");
    const auto cache = one->shared(descriptions(calls));
    ASSERT_TRUE(one->start());
    ASSERT_TRUE(cache.get("cat"));
    server_.go_away();

    const auto sent = cache.invalidate("cat");

    EXPECT_EQ(sent.outcome, Invalidation::Outcome::unconfirmed);
    EXPECT_THAT(one->metrics(),
                HasSubstr("tutti_channel_unpublished{channel=\"shared/descriptions\"} 1"));
    EXPECT_FALSE(one->health().ready);
    server_.come_back();
    server_.reconnect();
    while (
        !one->metrics().contains("tutti_channel_unpublished{channel=\"shared/descriptions\"} 0")) {
        std::this_thread::yield();
    }
    EXPECT_EQ(**cache.get("cat"), "cat 2");
}

TEST_F(Patterns, ACoherentCacheWithAStoreIsCoherentInBoth) {
    std::atomic<int> source = 1;
    const auto options = [&] {
        return CacheOptions<std::string, std::string>{
            .name = "rows",
            .caches = "rows",
            .stale = Stale::wrong,
            .ttl = 30s,
            .bound = entries(10),
            .load = [&](const std::string&, LoadContext&) { return std::to_string(source); },
            .store = StoreTier<std::string>{.ttl = 1h, .codec = bytes_codec()},
            .channel = "rows",
        };
    };
    const auto one = node("one");
    const auto two = node("two");
    const auto of_one = one->coherent(options());
    const auto of_two = two->coherent(options());
    ASSERT_TRUE(one->start());
    ASSERT_TRUE(two->start());
    ASSERT_EQ(**of_one.get("a"), "1");
    ASSERT_EQ(of_two.get("a")->tier(), Tier::store);

    source = 2;
    EXPECT_TRUE(of_one.invalidate("a", {.ack = Ack::every_instance}).done());

    EXPECT_EQ(**of_two.get("a"), "2");
    EXPECT_EQ(describe_tiers(one->inventory()[0].declaration), "memory (30 s) + store (1 h)");
    EXPECT_EQ(one->inventory()[0].counters.loads + two->inventory()[0].counters.loads, 2U);
}

NearOptions<std::string, int, std::string> lengths(std::atomic<int>& parsed) {
    return {
        .name = "lengths",
        .caches = "where a word stands",
        .stale = Stale::acceptable,
        .ttl = 5min,
        .bound = entries(100),
        .document = [](const std::string&) { return "words"; },
        .codec = {.encode = nullptr,
                  .decode = [&](std::string_view text) -> Result<std::string> {
                      ++parsed;
                      if (text == "broken") return fail(Errc::protocol, "decode", "is broken");
                      return std::string(text);
                  },
                  .name = "text"},
        .project = [](const std::string& word, const std::string& text) -> Loaded<int> {
            const auto at = text.find(word);
            if (at == std::string::npos) return absent;
            return static_cast<int>(at);
        },
    };
}

// A document that one node keeps in the store, and a near cache of another node that reads it.
class NearADocument : public Patterns {
protected:
    // Starts both, and the document is there.
    Near<std::string, int> near(NearOptions<std::string, int, std::string> options) {
        options.document = [](const std::string&) { return "wwords"; };
        auto cache = worker_->near(std::move(options));
        EXPECT_TRUE(gateway_->start());
        EXPECT_TRUE(worker_->start());
        EXPECT_TRUE(words_.get("words"));
        return cache;
    }

    std::atomic<int> parsed_ = 0;
    std::string document_ = "one two three";
    const std::unique_ptr<Node> gateway_ = node("gateway");
    const Shared<std::string, std::string> words_ = gateway_->shared<std::string, std::string>(
        {.name = "words",
         .caches = "words",
         .stale = Stale::acceptable,
         .load = [this](const std::string&, LoadContext&) { return document_; },
         .store = StoreTier<std::string>{.ttl = 1h, .codec = bytes_codec(), .raw_prefix = "w"}});
    const std::unique_ptr<Node> worker_ = node("worker");
};

TEST_F(NearADocument, IsParsedOnceForManyKeys) {
    const auto near_words = near(lengths(parsed_));

    EXPECT_EQ(**near_words.get("two"), 4);
    EXPECT_EQ(**near_words.get("three"), 8);
    EXPECT_EQ(near_words.get("four")->answer(), Answer::absent);
    EXPECT_EQ(near_words.get("two")->tier(), Tier::memory);

    EXPECT_EQ(parsed_, 1);
}

TEST_F(NearADocument, ARefreshReadsItAnew) {
    const auto near_words = near(lengths(parsed_));
    ASSERT_EQ(near_words.get("four")->answer(), Answer::absent);
    document_ = "one two three four";
    ASSERT_TRUE(words_.refresh("words"));

    EXPECT_EQ(**near_words.refresh("four"), 14);
    EXPECT_EQ(near_words.get("four")->tier(), Tier::memory);
    EXPECT_EQ(parsed_, 2);

    (void)words_.invalidate("words");
    EXPECT_EQ(near_words.refresh("four")->answer(), Answer::unknown) << "no document tells";
    EXPECT_EQ(**near_words.get("four"), 14) << "which replaces nothing";
}

// All of them wait for the one document, and are answered on the thread that has parsed it.
TEST_F(NearADocument, ThatIsColdIsAskedForManyKeysAtOnce) {
    constexpr int many = 6'000;  // 5,000 would have been too deep for the stack
    std::promise<void> asked;
    auto options = lengths(parsed_);
    options.codec.decode = [&, all_asked = asked.get_future().share()](std::string_view text) {
        all_asked.wait();
        ++parsed_;
        return Result<std::string>(std::string(text));
    };
    const auto near_words = near(std::move(options));

    std::atomic<int> known = 0;
    std::atomic<int> answers = 0;
    std::promise<void> answered;
    for (int i = 0; i < many; ++i) {
        near_words.get(std::to_string(i), {.deadline = 60s},
                       [&](const Result<Lookup<int>>& answer) {
                           if (answer && answer->answer() == Answer::absent) ++known;
                           if (++answers == many) answered.set_value();
                       });
    }
    asked.set_value();
    answered.get_future().wait();

    EXPECT_EQ(known, many);
    EXPECT_EQ(parsed_, 1);
}

TEST_F(Patterns, AMissingDocumentIsUnknownAndGuessedOnlyWhileItIsMissing) {
    std::atomic<int> parsed = 0;
    const auto worker = node("worker");
    auto options = lengths(parsed);
    options.otherwise = [](const std::string&) -> Loaded<int> { return -1; };
    const auto guessing = worker->near(std::move(options));
    auto silent_options = lengths(parsed);
    silent_options.name = "silent";
    const auto silent = worker->near(std::move(silent_options));
    ASSERT_TRUE(worker->start());

    const auto guess = guessing.get("two");
    EXPECT_EQ(**guess, -1);
    EXPECT_THAT(guess->degraded(), HasSubstr("no document words"));
    EXPECT_EQ(silent.get("two")->answer(), Answer::unknown);
    EXPECT_EQ(guessing.get("two")->tier(), Tier::source) << "a guess is not cached";
}

TEST_F(Patterns, AReservationIsGrantedOnceInTheFleet) {
    const auto one = node("one");
    const auto two = node("two");
    const auto options = [] {
        return ReservationOptions<std::string>{.name = "dedup",
                                               .caches = "requests",
                                               .window = 1min,
                                               .when_store_fails = WhenStoreFails::refuse};
    };
    const auto of_one = one->reservation<std::string>(options());
    const auto of_two = two->reservation<std::string>(options());
    ASSERT_TRUE(one->start());
    ASSERT_TRUE(two->start());

    const auto first = of_one.reserve("a", "job-1").value();
    const auto second = of_two.reserve("a", "job-2").value();

    EXPECT_TRUE(first.granted());
    EXPECT_FALSE(second.granted());
    EXPECT_EQ(second.held(), "job-1");
    EXPECT_TRUE(of_one.confirm(first).value());
    EXPECT_FALSE(of_two.confirm(second).value());
    EXPECT_EQ(of_two.count().value(), 1U);
    EXPECT_TRUE(of_one.release(first).value());
    EXPECT_FALSE(of_one.release(first).value());
    EXPECT_TRUE(of_two.reserve("a", "job-2").value().granted());
}

TEST_F(Patterns, ALateReleaseLeavesAnotherOwnersReservationAlone) {
    const auto one = node("one");
    const auto dedup = one->reservation<std::string>(
        ReservationOptions<std::string>{.name = "dedup",
                                        .caches = "requests",
                                        .window = 1min,
                                        .when_store_fails = WhenStoreFails::refuse});
    ASSERT_TRUE(one->start());
    const auto first = dedup.reserve("a", "same note").value();
    server_.drop_store();
    const auto second = dedup.reserve("a", "same note").value();

    EXPECT_FALSE(dedup.release(first).value());

    EXPECT_TRUE(second.granted());
    EXPECT_FALSE(dedup.reserve("a", "same note").value().granted());
}

TEST_F(Patterns, WhatAReservationDoesWithoutTheStoreIsDeclared) {
    const auto one = node("one");
    const auto closed = one->reservation<std::string>(
        ReservationOptions<std::string>{.name = "closed",
                                        .caches = "requests",
                                        .window = 1min,
                                        .when_store_fails = WhenStoreFails::refuse});
    const auto open = one->reservation<std::string>(
        ReservationOptions<std::string>{.name = "open",
                                        .caches = "requests",
                                        .window = 1min,
                                        .when_store_fails = WhenStoreFails::allow});
    ASSERT_TRUE(one->start());
    server_.go_away();

    const auto refused = closed.reserve("a", "job-1");
    const auto allowed = open.reserve("a", "job-1");

    EXPECT_EQ(refused.error().code, Errc::unavailable);
    EXPECT_TRUE(allowed->granted());
    EXPECT_FALSE(allowed->guarded());
    EXPECT_NE(allowed->degraded(), "");
    EXPECT_EQ(open.release(*allowed).error().code, Errc::unavailable);
}

TEST_F(Patterns, AnEntryThatCannotBeReadCountsAsHeld) {
    const auto one = node("one");
    Codec<int> numbers{
        .encode = [](const int& n) -> Result<std::string> { return std::to_string(n); },
        .decode = [](std::string_view) -> Result<int> {
            return fail(Errc::protocol, "decode", "never readable");
        },
        .name = "number"};
    const auto dedup = one->reservation<std::string, int>(
        ReservationOptions<int>{.name = "dedup",
                                .caches = "requests",
                                .window = 1min,
                                .when_store_fails = WhenStoreFails::refuse,
                                .codec = numbers});
    ASSERT_TRUE(one->start());
    ASSERT_TRUE(dedup.reserve("a", 1)->granted());

    const auto second = dedup.reserve("a", 2).value();

    EXPECT_FALSE(second.granted());
    EXPECT_FALSE(second.held().has_value());
}

TEST_F(Patterns, StartNamesWhatIsWrongWithStoresReservationsAndSchedules) {
    const auto one = node("one");
    std::atomic<int> calls = 0;
    auto broken = descriptions(calls);
    broken.store->ttl = Ttl::never();
    broken.store->codec = {};
    broken.store->foreign_writers = true;
    broken.negative = NegativeTtls{};
    broken.stale_if_error = StaleIfError{};
    broken.refresh = Refresh<std::string>{};
    const auto shared = one->shared(std::move(broken));
    const auto dedup = one->reservation<std::string>({.name = "dedup", .caches = "requests"});

    const auto started = one->start();

    ASSERT_FALSE(started);
    for (const char* part :
         {"store.ttl", "store.codec", "foreign_writers", "negative.ceiling",
          "stale_if_error.for_up_to", "refresh.keys", "'dedup'", "window", "when_store_fails"}) {
        EXPECT_THAT(started.error().cause, HasSubstr(part));
    }
    EXPECT_FALSE(shared.get("a"));
    EXPECT_FALSE(dedup.reserve("a", "b"));
}

}  // namespace
}  // namespace tutti
