// What a cache's memory serves, until when, and what it counts.
#include "typed_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tutti::testing {
namespace {

TEST(TypedMemory, ServesUnderAnEffectiveLeaseOnly) {
    Typed<int, int> numbers;
    numbers.put("7", 1);

    numbers.lease_->end_now();
    EXPECT_EQ(numbers.hit(7), Hit::undecided);

    numbers.renew();
    EXPECT_EQ(numbers.get(7), 1) << "a lapse deletes nothing";

    numbers.lease_->extend(numbers.clock_.now(), numbers.clock_.now());
    EXPECT_EQ(numbers.hit(7), Hit::undecided) << "it has ended at its end";
}

TEST(TypedMemory, ServesWhileTheCacheIsOpenOnly) {
    Typed<int, int> numbers;
    numbers.put("7", 1);
    detail::Serving declared(numbers.clock_, nullptr);

    EXPECT_FALSE(declared.is_open_to_hits(false));
    EXPECT_EQ(declared.now_to_look(), detail::Serving::not_now);
    declared.open();
    EXPECT_TRUE(declared.is_open_to_hits(false));
    EXPECT_EQ(declared.now_to_look(), numbers.clock_.now());

    numbers.serving_->close();
    EXPECT_EQ(numbers.hit(7), Hit::undecided);
}

TEST(TypedMemory, AnswersWithAnAgeSinceTheLoadBegan) {
    Typed<int, int> numbers;
    numbers.put("7", 1);
    numbers.clock_.advance(3s);
    Lookup<int> found;

    ASSERT_EQ(numbers.memory_->hit(7, detail::InsideLookup::of(found)), Hit::found);

    EXPECT_EQ(found.age(), 3s);
    EXPECT_EQ(found.tier(), Tier::memory);
    EXPECT_EQ(found.freshness(), Freshness::fresh);
    EXPECT_EQ(found.degraded(), "");
    EXPECT_EQ(found.category(), "");
}

// Which of two loads began later decides which value stays.
TEST(TypedMemory, KnowsToTheNanosecondWhenALoadBegan) {
    for (const Duration lasts : {Duration(1h + 1ns), Duration(30 * 24h + 1ns), Duration::max()}) {
        Typed<int, int> numbers;
        numbers.clock_.advance(7ns);
        const TimePoint began = numbers.clock_.now();
        numbers.put_entry("7", {.value = std::make_shared<const int>(1),
                                .answer = Answer::found,
                                .loaded = began,
                                .fresh_until = saturating_add(began, lasts)});
        numbers.clock_.advance(3ns);
        Lookup<int> found;

        ASSERT_EQ(numbers.memory_->hit(7, detail::InsideLookup::of(found)), Hit::found);

        EXPECT_EQ(found.age(), 3ns);
        EXPECT_EQ(numbers.find("7")->loaded, began);
    }
}

TEST(TypedMemory, KeepsThatThereIsNothingAndWhy) {
    Typed<std::string, int> numbers;
    const auto until = numbers.clock_.now() + 1h;
    numbers.put_entry("absent", {.value = nullptr,
                                 .answer = Answer::absent,
                                 .loaded = numbers.clock_.now(),
                                 .fresh_until = until});
    const char* const long_key = "a key that is kept by its address";
    for (const char* key : {"failed", long_key}) {
        numbers.put_entry(key, {.value = nullptr,
                                .answer = Answer::negative,
                                .category = "a category that is allocated, being so long",
                                .loaded = numbers.clock_.now(),
                                .fresh_until = until});
    }
    Lookup<int> absent;
    Lookup<int> failed;

    EXPECT_EQ(numbers.memory_->hit("absent", detail::InsideLookup::of(absent)), Hit::found);
    EXPECT_EQ(numbers.memory_->hit("failed", detail::InsideLookup::of(failed)), Hit::found);
    Lookup<int> failed_too;
    EXPECT_EQ(numbers.memory_->hit(long_key, detail::InsideLookup::of(failed_too)), Hit::found);

    EXPECT_EQ(absent.answer(), Answer::absent);
    EXPECT_FALSE(absent.found());
    EXPECT_EQ(failed.answer(), Answer::negative);
    EXPECT_FALSE(failed.found());
    EXPECT_EQ(failed.category(), "a category that is allocated, being so long");
    EXPECT_EQ(failed_too.category(), failed.category());
    EXPECT_EQ(numbers.find("failed")->category, failed.category());
    numbers.put("failed", 7);
    EXPECT_EQ(numbers.get("failed"), 7);
    EXPECT_EQ(failed.category(), "a category that is allocated, being so long");
}

TEST(TypedMemory, ServesAtExactlyItsTtlAndNotAfterIt) {
    Typed<int, int> numbers;
    numbers.put("7", 1);

    numbers.clock_.advance(1h);
    EXPECT_EQ(numbers.get(7), 1);

    numbers.clock_.advance(1ns);
    EXPECT_EQ(numbers.hit(7), Hit::missing);
    EXPECT_EQ(numbers.memory_->size(), 0U) << "and takes it out";
}

TEST(TypedMemory, LeavesLastKnownGoodsToTheCore) {
    Typed<int, int> numbers(10min);
    numbers.put("7", 1);
    numbers.put_entry("8", {.value = nullptr,
                            .answer = Answer::absent,
                            .loaded = numbers.clock_.now(),
                            .fresh_until = numbers.clock_.now() + 1h});

    numbers.clock_.advance(1h + 1ns);
    EXPECT_EQ(numbers.hit(7), Hit::undecided);
    EXPECT_EQ(numbers.hit(8), Hit::missing) << "only a value is a last known good";
    ASSERT_TRUE(numbers.find("7"));
    EXPECT_EQ(numbers.find("7")->fresh_until, numbers.clock_.now() - 1ns);

    numbers.clock_.advance(10min);
    EXPECT_EQ(numbers.hit(7), Hit::missing);
    EXPECT_FALSE(numbers.find("7"));
}

// A hit takes the bytes of a value to the answer before it knows whether it may serve them.
TEST(TypedMemory, AnAnswerShowsNothingUnlessItIsAHit) {
    static constinit const Lookup<std::string> as_it_was_made;  // also before anything runs
    EXPECT_FALSE(as_it_was_made.found());
    Typed<std::string, int> numbers(10min);
    const auto expect_nothing = [&](const char* key, Hit hit) {
        Lookup<int> found;
        EXPECT_EQ(numbers.memory_->hit(key, detail::InsideLookup::of(found)), hit) << key;
        EXPECT_FALSE(found.found()) << key;
        EXPECT_EQ(found.get_if(), nullptr) << key;
        EXPECT_EQ(found.shared(), nullptr) << key;
        EXPECT_EQ(found.answer(), Answer::absent) << key;
    };
    const char* const in_place = "7";
    const char* const by_address = "a key that is kept by its address";
    for (const char* key : {in_place, by_address}) {
        numbers.put(key, 1);
        numbers.clock_.advance(1h + 1ns);
        numbers.renew();
        expect_nothing(key, Hit::undecided);
        numbers.clock_.advance(10min);
        expect_nothing(key, Hit::missing);
        numbers.put(key, 1);
        numbers.memory_->drop();
        expect_nothing(key, Hit::missing);
        numbers.put(key, 1);
        numbers.lease_->end_now();
        expect_nothing(key, Hit::undecided);
        numbers.renew();
        EXPECT_EQ(numbers.get(key), 1);
    }
}

TEST(TypedMemory, KeepsWhatHasNoTtlForEver) {
    Typed<int, int> numbers(10min);
    numbers.put_entry("7", {.value = std::make_shared<const int>(1),
                            .answer = Answer::found,
                            .loaded = numbers.clock_.now(),
                            .fresh_until = TimePoint::max()});

    numbers.clock_.advance(24h * 365 * 100);
    numbers.lease_->extend(numbers.clock_.now(), TimePoint::max());

    EXPECT_EQ(numbers.get(7), 1);
    EXPECT_EQ(numbers.find("7")->fresh_until, TimePoint::max());
}

TEST(TypedMemory, FindsNothingFromTheMomentItWasDropped) {
    Typed<int, int> numbers;
    numbers.put("7", 1);
    numbers.put("8", 2);

    EXPECT_EQ(numbers.memory_->drop(), 2U);

    EXPECT_EQ(numbers.hit(7), Hit::missing);
    EXPECT_FALSE(numbers.find("7"));
    EXPECT_EQ(numbers.memory_->size(), 0U);
}

TEST(TypedMemory, TakesNewEntriesBesideThoseThatAreDropped) {
    Typed<int, std::string> texts;
    texts.put("7", "old");
    texts.put("8", "old");
    texts.memory_->drop();

    texts.put("7", "new");
    texts.memory_->sweep();

    EXPECT_EQ(texts.get(7), "new");
    EXPECT_EQ(texts.hit(8), Hit::missing);
    EXPECT_EQ(texts.memory_->size(), 1U);
}

TEST(TypedMemory, CountsWhatMayBeServedWhileWhatWasDroppedIsStillThere) {
    Typed<int, int> numbers;
    for (const char* key : {"1", "2", "3", "4"}) numbers.put(key, 1);
    EXPECT_EQ(numbers.memory_->drop(), 4U);

    numbers.put("1", 2);  // in the place of one that was dropped
    numbers.put("5", 2);
    EXPECT_EQ(numbers.memory_->size(), 2U);
    numbers.erase("2");
    numbers.erase("5");
    EXPECT_EQ(numbers.memory_->size(), 1U);

    EXPECT_EQ(numbers.memory_->sweep(), 2U);
    EXPECT_EQ(numbers.memory_->size(), 1U);
    numbers.put("6", 2);
    EXPECT_EQ(numbers.memory_->size(), 2U);
}

TEST(TypedMemory, KnowsWhenALoadBeganWithoutUsingItsEntry) {
    Typed<int, int> numbers;
    numbers.put("7", 1);

    EXPECT_EQ(numbers.memory_->loaded("7", numbers.clock_.now()), numbers.find("7")->loaded);
    EXPECT_FALSE(numbers.memory_->loaded("8", numbers.clock_.now()));
    EXPECT_FALSE(numbers.memory_->loaded("no number", numbers.clock_.now()));
    numbers.memory_->drop();
    EXPECT_FALSE(numbers.memory_->loaded("7", numbers.clock_.now()));
}

// Or dropping a million of them would take the time of a million destructors.
TEST(TypedMemory, DestroysNothingBeforeItIsSwept) {
    Typed<int, std::shared_ptr<const int>> pointers;
    const auto value = std::make_shared<const int>(7);
    pointers.put("7", value);

    pointers.memory_->drop();

    EXPECT_EQ(value.use_count(), 2);
    pointers.memory_->sweep();
    EXPECT_EQ(value.use_count(), 1);
}

TEST(TypedMemory, SharesALargeValueAndCopiesASmallOne) {
    Typed<int, std::string> texts;
    const auto text = std::make_shared<const std::string>("seven");
    texts.put_entry("7", {.value = text,
                          .answer = Answer::found,
                          .loaded = texts.clock_.now(),
                          .fresh_until = texts.clock_.now() + 1h});
    Lookup<std::string> found;
    ASSERT_EQ(texts.memory_->hit(7, detail::InsideLookup::of(found)), Hit::found);

    EXPECT_EQ(found.get_if(), text.get());
    EXPECT_EQ(found.shared(), text);
    texts.erase("7");
    EXPECT_EQ(*found, "seven") << "a Lookup outlives the entry";

    Typed<int, int> numbers;
    numbers.put("7", 1);
    Lookup<int> number;
    ASSERT_EQ(numbers.memory_->hit(7, detail::InsideLookup::of(number)), Hit::found);
    const auto copy = number;
    numbers.erase("7");
    EXPECT_EQ(*number, 1);
    EXPECT_EQ(*copy.shared(), 1);
}

TEST(TypedMemory, WeighsKeyAndValueWhenItsBoundIsInBytes) {
    Typed<std::string, int> numbers({}, bytes(400));
    const auto put = [&](const char* key, std::size_t weight) {
        numbers.put_entry(key, {.value = std::make_shared<const int>(1),
                                .answer = Answer::found,
                                .loaded = numbers.clock_.now(),
                                .fresh_until = numbers.clock_.now() + 1h,
                                .weight = weight});
    };
    put("a", 30);
    put("b", 30);
    EXPECT_EQ(numbers.memory_->size(), 2U);

    put("c", 30);
    EXPECT_EQ(numbers.memory_->size(), 2U);
    EXPECT_EQ(numbers.memory_->evictions(), 1U);

    put("c", 400);
    EXPECT_EQ(numbers.hit("c"), Hit::missing) << "too heavy, and what was there is gone, too";
}

TEST(TypedMemory, InOrderOfUseKeepsWhatWasHitLast) {
    Typed<int, int> numbers({}, entries(2), Eviction::lru);
    numbers.put("1", 1);
    numbers.put("2", 2);
    ASSERT_EQ(numbers.get(1), 1);

    numbers.put("3", 3);

    EXPECT_EQ(numbers.get(1), 1);
    EXPECT_EQ(numbers.hit(2), Hit::missing);
}

TEST(TypedMemory, CountsTheHitsOfAllThreads) {
    constexpr int hits = 10'000;
    constexpr int threads = 40;  // more than have a cell of their own
    Typed<int, int> numbers;
    numbers.put("7", 1);
    {
        std::vector<std::jthread> running;
        for (int thread = 0; thread < threads; ++thread) {
            running.emplace_back([&] {
                for (int i = 0; i < hits; ++i) ASSERT_EQ(numbers.hit(7), Hit::found);
            });
        }
    }
    EXPECT_EQ(numbers.hit(8), Hit::missing);

    EXPECT_EQ(numbers.memory_->hits(), std::uint64_t{hits} * threads);
}

// Values are as long as their number says, whatever else goes on.
template <class V, class Make, class IsWhole>
void read_while_others_change(Make make, IsWhole is_whole) {
    constexpr int changes = 20'000;
    Typed<int, V> memory;
    std::atomic<bool> finished = false;
    {
        std::vector<std::jthread> readers;
        for (int thread = 0; thread < 3; ++thread) {
            readers.emplace_back([&] {
                for (int i = 0; !finished.load(std::memory_order_relaxed); ++i) {
                    const auto found = memory.get(i % 4);
                    if (found) {
                        ASSERT_TRUE(is_whole(*found));
                    }
                }
            });
        }
        for (int i = 0; i < changes; ++i) {
            const std::string key = std::to_string(i % 4);
            if (i % 5 == 0) memory.erase(key);
            if (i % 97 == 0) memory.memory_->drop();
            if (i % 89 == 0) memory.memory_->sweep();
            memory.put(key, make(i % 50));
            if (i % 13 == 0) memory.renew();
        }
        finished.store(true, std::memory_order_relaxed);
    }
    memory.memory_->drop();
    memory.memory_->sweep();
    EXPECT_EQ(memory.memory_->size(), 0U);
}

TEST(TypedMemory, ReadsSmallValuesWholeWhileOthersChange) {
    using Numbers = std::array<int, 8>;
    const auto make = [](int number) {
        Numbers numbers;
        numbers.fill(number);
        return numbers;
    };
    read_while_others_change<Numbers>(make, [](const Numbers& numbers) {
        return std::ranges::all_of(numbers, [&](int one) { return one == numbers[0]; });
    });
}

TEST(TypedMemory, ReadsLargeValuesWholeWhileOthersChange) {
    const auto make = [](int number) {
        return std::string(static_cast<std::size_t>(number) + 1, static_cast<char>(number));
    };
    read_while_others_change<std::string>(make, [](const std::string& text) {
        return text.size() == static_cast<std::size_t>(text[0]) + 1;
    });
}

TEST(TypedMemory, KeepsValuesOfUnknownTypeByTheirText) {
    const auto memory = detail::make_memory<std::string, void>(
        {.serving = nullptr, .bound = entries(10), .eviction = Eviction::lru});
    const auto value = std::make_shared<const int>(7);
    detail::RetiredList removed;

    memory->put("a",
                {.value = value,
                 .answer = Answer::found,
                 .loaded = TimePoint{},
                 .fresh_until = TimePoint::max()},
                removed);

    EXPECT_EQ(memory->find("a", TimePoint{}, removed)->value, value);
}

}  // namespace
}  // namespace tutti::testing
